import Files
import Foundation
import Launchers
import TestSupport
import Testing

/// Scripts and manifests that start the parts of a plan.
@Suite struct LauncherTests {
    private static let plainFolder = "/shared/models"
    static let hostileFolders = [
        "/shared/two words", "/shared/it's", #"/shared/a "quoted" one"#, "/shared/$(touch gone)",
        "/shared/`touch gone`",
        "/shared/{}/{#}/{= exit =}", #"/shared/back\slash\"#, "/shared/100%d %A", "/shared/#; rm -r x &", "/shared/-n",
        "/shared/$$(A)$HOME", "/shared/größe/模型", "/shared/*?[a]!", "/shared/~",
    ]

    private func plan(
        _ folder: String = plainFolder, partCount: Int = 8, resources: MachineShare = MachineShare()
    ) throws -> LaunchedPlan {
        try LaunchedPlan(
            title: "Plan Q4_K_M.json", folder: folder, partCount: partCount,
            run: ["swage", "run", folder + "/plan.json", "--part"], finish: ["swage", "finish", folder + "/plan.json"],
            resources: resources)
    }

    /// What a shell makes of a script, with other programs in the place of those that it calls: each prints its words, a line each.
    private func output(of script: String, _ arguments: [String] = [], environment: [String: String] = [:]) throws
        -> String
    {
        try Fixtures.withTemporaryDirectory { folder in
            // Links, since a program that this process writes cannot start while a child of another test holds it open.
            for name in ["sbatch", "scontrol", "parallel", "swage"] {
                try FileManager.default.createSymbolicLink(
                    atPath: folder + "/" + name, withDestinationPath: Fixtures.path("launchers/stub.sh"))
            }
            let path = folder + "/script"
            try Data(script.utf8).write(to: URL(filePath: path))
            let process = Process()
            process.executableURL = URL(filePath: "/bin/sh")
            process.arguments = [path] + arguments
            process.currentDirectoryURL = URL(filePath: folder)
            process.environment = environment.merging(["PATH": folder + ":/usr/bin:/bin"]) { $1 }
            process.standardInput = FileHandle.nullDevice
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let data = pipe.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return String(decoding: data, as: UTF8.self).replacing(path, with: "SCRIPT")
        }
    }

    // MARK: Slurm

    @Test func aSlurmScriptIsAnArrayWithAWholeNodeForEachPart() throws {
        let text = try SlurmScript(plan()).text
        for line in [
            "#SBATCH --job-name=swage-plan-q4-k-m-json", "#SBATCH --array=1-8", "#SBATCH --requeue",
            "#SBATCH --exclusive", "#SBATCH --mem=0", "swage run /shared/models/plan.json --part auto",
        ] { #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)") }
        let shared = try SlurmScript(
            plan(resources: MachineShare(processorCount: 4, memoryByteCount: 3 << 30))
        ).text
        #expect(shared.contains("#SBATCH --cpus-per-task=4\n#SBATCH --mem=3072M\n"))
        #expect(!shared.contains("--exclusive"))
    }

    /// Those that Slurm takes.
    static let slurmFolders = hostileFolders.filter { !$0.contains("\\") }

    @Test(arguments: slurmFolders) func aSlurmScriptSubmitsItselfAndTheFinish(folder: String) throws {
        let printed = try output(of: SlurmScript(plan(folder)).text, ["--partition", "long queue"])
        // What the first one prints is taken for the number of the array, less the name of a cluster behind a semicolon.
        let first = "sbatch <--parsable> <--chdir=\(folder)> <--partition> <long queue> <SCRIPT>"
        let array = first.prefix { $0 != ";" }
        #expect(
            printed.hasPrefix(
                "sbatch <--chdir=\(folder)> <--job-name=swage-plan-q4-k-m-json-finish> "
                    + "<--output=swage-plan-q4-k-m-json-finish-%j.log> <--nodes=1> <--ntasks=1> <--exclusive> <--mem=0> "
                    + "<--requeue> <--open-mode=append> <--dependency=afterany:\(array)> "
                    + "<--partition> <long queue>\n#!/bin/sh\nexec "))
        let finish = try output(of: String(printed[printed.range(of: "#!/bin/sh")!.lowerBound...]))
        #expect(finish == "swage <finish> <\(folder)/plan.json>\n")
    }

    @Test(arguments: slurmFolders) func aPartOfAnArrayRunsThePlan(folder: String) throws {
        try Conformance.row("inputs/launch-names")
        let printed = try output(of: SlurmScript(plan(folder)).text, environment: ["SLURM_ARRAY_TASK_ID": "3"])
        #expect(printed == "swage <run> <\(folder)/plan.json> <--part> <auto>\n")
    }

    @Test(arguments: [("1", "", false), ("3", "", false), ("130", "0", true), ("137", "4", true), ("137", "5", false)])
    func partsThatASignalEndedAreQueuedAgainSomeTimes(status: String, restarts: String, isQueued: Bool) throws {
        let printed = try output(
            of: SlurmScript(plan()).text,
            environment: [
                "SLURM_ARRAY_TASK_ID": "3", "SLURM_JOB_ID": "77", "SLURM_RESTART_COUNT": restarts, "STATUS": status,
            ])
        #expect(printed.contains("scontrol <requeue> <77>") == isQueued)
    }

    // MARK: GNU parallel

    @Test(arguments: hostileFolders) func parallelGetsACommandForEachPart(folder: String) throws {
        try Conformance.row("inputs/launch-names")
        let printed = try output(of: ParallelScript(try plan(folder, partCount: 3)).text, ["one", "2/user@two"])
        var lines = printed.split(separator: "\n").map(String.init)
        #expect(
            lines.removeFirst()
                == "parallel <--null> <--sshlogin> <one,2/user@two> <--jobs> <1> <--retries> <6> <--line-buffer> "
                + "<--joblog> <\(folder)/swage-plan-q4-k-m-json.joblog> <--resume-failed>")
        #expect(lines.removeLast() == "swage <finish> <\(folder)/plan.json>")
        #expect(lines.count == 3)
        for (number, line) in lines.enumerated() {
            let quoted = "'" + folder.replacing("'", with: #"'\''"#) + "'"
            let isPlain = folder == "/shared/-n"
            #expect(line.hasPrefix("cd \(isPlain ? folder : quoted) && exec swage run "))
            let run = String(line[line.range(of: " && ")!.upperBound...])
            #expect(try output(of: run) == "swage <run> <\(folder)/plan.json> <--part> <\(number + 1)>\n")
        }
    }

    @Test func parallelRunsOnThisMachineIfNoneIsNamed() throws {
        let printed = try output(of: ParallelScript(try plan()).text)
        #expect(printed.hasPrefix("parallel <--null> <--sshlogin> <:> "))
    }

    // MARK: Kubernetes

    private func manifest(_ plan: LaunchedPlan, storage: String = plainFolder) throws -> String {
        try KubernetesManifest(
            plan, image: "registry.example/swage:0.1.0", claim: "models", storage: storage, finalStatuses: [2, 3, 5]
        ).text
    }

    @Test func aManifestHasAnIndexedJobAndOneThatWaits() throws {
        let text = try manifest(plan(resources: MachineShare(processorCount: 16, memoryByteCount: 64 << 30)))
        for line in [
            "  completionMode: Indexed", "  completions: 8", "  parallelism: 8", "  backoffLimitPerIndex: 5",
            "          values: [2, 3, 5]", "  suspend: true", "            requests: {cpu: 16, memory: 65536Mi}",
            "            claimName: \"models\"", "              mountPath: \"/shared/models\"",
            "          image: \"registry.example/swage:0.1.0\"",
            #"          command: ["swage", "run", "/shared/models/plan.json", "--part", "auto"]"#,
            #"          command: ["swage", "finish", "/shared/models/plan.json"]"#,
        ] { #expect(text.split(separator: "\n").contains { $0 == line }, "\(line)") }
        #expect(!(try manifest(plan())).contains("resources:"))
    }

    @Test(arguments: hostileFolders) func aManifestHoldsWordsAsTheyAre(folder: String) throws {
        try Conformance.row("inputs/launch-names")
        let text = try manifest(plan(folder), storage: folder)
        let line = try #require(text.split(separator: "\n").first { $0.contains("command:") })
        // A list of strings in YAML without anything that is not JSON.
        let words = try JSONDecoder().decode(
            [String].self, from: Data(line.drop { $0 != "[" }.utf8))
        #expect(words[2].replacing("$$", with: "$") == folder + "/plan.json")
        #expect(!words[2].replacing("$$", with: "").contains("$"))
    }

    // MARK: Refusals

    @Test(arguments: ["/shared/two\nlines", "/shared/a\tb", "/shared/\u{1B}[2J"])
    func controlCharactersAreRefused(folder: String) throws {
        try Conformance.row("inputs/launch-refused")
        let error = try #require(throws: LaunchError.self) { try plan(folder) }
        #expect(error.kind == .controlCharacter && error.diagnostic.file == folder)
    }

    @Test func backslashesAreRefusedForSlurm() throws {
        try Conformance.row("inputs/launch-refused")
        let error = try #require(throws: LaunchError.self) { try SlurmScript(plan(#"/a\b"#)) }
        #expect(error.kind == .backslash)
    }

    @Test func colonsInVolumesAreRefused() throws {
        try Conformance.row("inputs/launch-refused")
        let error = try #require(throws: LaunchError.self) { try manifest(plan("/a:b"), storage: "/a:b") }
        #expect(error.kind == .colon)
    }
}
