/// A script that is an array of Slurm and submits itself, with a job behind it that joins the parts.
package struct SlurmScript: Sendable {
    /// The text of the file.
    package let text: String

    /// Writes the script of a plan.
    ///
    /// - Parameter plan: The plan and its commands.
    /// - Throws: ``LaunchError`` if the folder's path has a backslash.
    package init(_ plan: LaunchedPlan) throws {
        guard !plan.folder.contains("\\") else { throw LaunchError(.backslash, path: plan.folder) }
        let share = plan.resources
        let processors = share.processorCount.map { "--cpus-per-task=\($0)" } ?? "--exclusive"
        let memory = "--mem=\(share.memoryMegabyteCount.map { "\($0)M" } ?? "0")"
        let folder = ShellWords.quoted(plan.folder)
        text = """
            #!/bin/sh
            # \(plan.partCount) parts as an array of Slurm, and a job that joins them when the array has ended.
            #   sh FILE [OPTION...]          submits both, with further options of sbatch such as --partition
            #   sbatch --array=3,7 FILE      runs parts 3 and 7 again; parts that are there are kept
            #SBATCH --job-name=\(plan.name)
            #SBATCH --array=1-\(plan.partCount)
            #SBATCH --nodes=1
            #SBATCH --ntasks=1
            #SBATCH \(processors)
            #SBATCH \(memory)
            #SBATCH --requeue
            #SBATCH --open-mode=append
            #SBATCH --output=\(plan.name)-%A-%a.log
            if [ -z "${SLURM_ARRAY_TASK_ID:-}" ]; then
                set -eu
                array=$(sbatch --parsable --chdir=\(folder) "$@" "$0")
                sbatch --chdir=\(folder) --job-name=\(plan.name)-finish --output=\(plan.name)-finish-%j.log \\
                    --nodes=1 --ntasks=1 \(processors) \(memory) --requeue --open-mode=append \\
                    --dependency="afterany:${array%%;*}" "$@" <<'END'
            #!/bin/sh
            exec \(ShellWords.joined(plan.finish))
            END
                exit
            fi

            \(ShellWords.joined(plan.run + [LaunchedPlan.automatic]))
            status=$?
            # What a signal has ended, for want of memory or by a hand, is queued again. Slurm does it itself where a node has failed.
            if [ "$status" -gt 128 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt \(LaunchedPlan.retryCount) ]; then
                scontrol requeue "$SLURM_JOB_ID"
            fi
            exit "$status"

            """
    }
}
