import ArgumentParser
import Files
import Foundation
import Parts
import Pipelines
import Reporting

struct RunCommand: SwageSubcommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Does a part of a plan, unless it is done already.",
        usage: """
            swage run <plan> --part <number> [<options>]
            swage run <plan> --part auto [<options>]
            swage run <plan> --all [<options>]
            """,
        discussion: """
            The part comes to lie beside the plan. With auto its number is that of the scheduler's task: SLURM_ARRAY_TASK_ID, \
            or JOB_COMPLETION_INDEX and one.
            """,
        examples: "run plan.json --part 3", "run plan.json --all")

    @Argument(help: "A plan, of swage plan.")
    var plan: InputPath

    @Option(help: ArgumentHelp("The part to do, counted from 1, or auto.", valueName: "number"))
    var part: PartChoice?

    @Flag(help: "Do all parts that are missing, one after the other.")
    var all = false

    @Flag(name: .customLong("restart"), help: "Do the part again, whatever is there of it.")
    var isRestarting = false

    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard (part != nil) != all else {
            let habit = plan.path.hasSuffix(".json") ? "" : "; to talk to a model: swage chat does that"
            throw ValidationError("give --part NUMBER, --part auto or --all of a plan\(habit)")
        }
    }

    func run() throws {
        let chosen = try part?.number(ProcessInfo.processInfo.environment)
        let opened = try OpenedPlan(plan.path)
        if let chosen { _ = try opened.plan.part(chosen, path: plan.path) }
        try SharedStorage.check(opened.location.folder)
        let running = try opened.running(opened.job.command.parted())
        let outcomes = try (chosen.map { [$0] } ?? Array(1...opened.plan.parts.count)).map {
            let outcome = try running.run($0, isRestarting: isRestarting)
            if !outcome.isKept { EndNote.wrote([outcome.path]) }
            return outcome
        }
        ProgressLine.clear()
        if terminal.json { return try JSONOutput.print(Summary(parts: outcomes.map(Summary.Part.init))) }
        for outcome in outcomes {
            try StandardStream.output.write(
                "part \(outcome.number) of \(opened.plan.parts.count): \(outcome.path)\(outcome.isKept ? ", kept" : "")\n"
            )
        }
    }

    /// What `run --json` prints.
    private struct Summary: Encodable {
        let parts: [Part]

        struct Part: Encodable {
            let number: Int
            let path: String
            let kept: Bool
            let bytes: Int
            let sha256: String
            let seconds: Double

            init(_ outcome: PartRunning.Outcome) {
                number = outcome.number
                path = outcome.path
                kept = outcome.isKept
                bytes = outcome.record.bytes
                sha256 = outcome.record.sha256
                seconds = outcome.record.seconds
            }
        }
    }
}
