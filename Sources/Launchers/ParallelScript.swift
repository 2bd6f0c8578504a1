/// A script with which GNU parallel runs the parts of a plan over ssh.
package struct ParallelScript: Sendable {
    /// The text of the file.
    package let text: String

    /// Writes the script of a plan.
    package init(_ plan: LaunchedPlan) {
        let log = ShellWords.quoted("\(plan.folder)/\(plan.name).joblog")
        let command = "cd \(ShellWords.quoted(plan.folder)) && exec \(ShellWords.joined(plan.run))"
        // Commands come as input, since parallel takes what looks like {} in a command line for a place to fill.
        text = """
            #!/bin/sh
            # \(plan.partCount) parts by GNU parallel, one at a time on each host, and what joins them. The same command goes on where
            # it ended: parts that are there are kept.
            #   sh FILE HOST...      as ssh knows them, such as user@host; ':' is this machine, and all there is without one
            #   sh FILE 2/HOST       two parts at a time on one host
            set -eu
            command=\(ShellWords.quoted(command))
            hosts=$(IFS=,; echo "${*:-:}")
            part=1
            while [ "$part" -le \(plan.partCount) ]; do
                printf '%s %s\\0' "$command" "$part"
                part=$((part + 1))
            done | parallel --null --sshlogin "$hosts" --jobs 1 --retries \(LaunchedPlan.retryCount + 1) --line-buffer \\
                --joblog \(log) --resume-failed
            \(ShellWords.joined(plan.finish))

            """
    }
}
