import ArgumentParser
import Files
import Parts
import Pipelines
import Reporting

struct PlanCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Divides a job into parts that machines do independently of each other.",
        usage: "swage plan --output <plan> --parts <count> -- <command> [<argument> ...]",
        discussion: """
            swage run does a part, swage status says what is missing, and swage finish joins the parts to what one run of \
            the command would have made, byte for byte. The plan lies beside the command's outputs, where all machines see it.
            """,
        examples:
            "plan -o p.json --parts 16 -- quantize x.gguf --type Q4_K_M -o q.gguf",
        "plan -o p.json --parts 4 -- perplexity q.gguf --text t.txt --json",
        "plan -o p.json --parts 16 --emit slurm -- convert XVERSE -o x.gguf")

    @Option(name: .shortAndLong, help: "The plan to write, in the folder of the job's outputs or above.")
    var output: OutputPath

    @Option(help: "How many parts.")
    var parts: Int

    @Argument(parsing: .postTerminator, help: "The command and its arguments, without swage.")
    var job: [String] = []

    @OptionGroup(title: "Starting the parts") var launcher: LauncherOptions

    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    /// More than this times the mean, and the machines of the other parts wait.
    private static let toleratedImbalance = 1.15

    func validate() throws {
        guard (1...PartPlan.countLimit).contains(parts) else {
            throw ValidationError("--parts must be from 1 to \(PartPlan.countLimit)")
        }
        guard !job.isEmpty else { throw ValidationError("give the command to divide behind --") }
    }

    func run() throws {
        let location = try PlanLocation(output.path)
        let job = try PlannedJob(job)
        for path in job.files.outputs { try location.check(output: path) }
        try job.files.adding(output: output.path).check()
        try Replacement.check(job.files, of: job.command)
        if let path = launcher.path(beside: output.path), !replacing.replacesOutputs, FileIdentity(path: path) != nil {
            throw OutputExists(path: path)
        }
        let plan = try job.command.parted().plan(
            job: self.job, directory: location.relative("."), count: parts)
        try plan.write(to: output.path)
        if let path = try launcher.write(plan, at: location, as: output.path) { EndNote.wrote([path]) }
        ProgressLine.clear()
        if plan.imbalance > Self.toleratedImbalance {
            let times = Figures.decimal(plan.imbalance, 2)
            ProgressLine.handler(
                .warning("the largest part takes \(times) times as long as the mean; fewer parts are better balanced"))
        }
        if terminal.json { return try JSONOutput.print(Summary(plan)) }
        try StandardStream.output.write(Self.listing(of: plan))
    }

    private static func listing(of plan: PartPlan) -> DisplayText {
        var table = Table([
            .init("part", .right), .init(plan.unit.rawValue, .right), .init("cost", .right), .init("of"),
        ])
        let mean = plan.parts.reduce(0) { $0 + $1.cost } / Double(plan.parts.count)
        for (number, part) in plan.parts.enumerated() {
            table.append([
                "\(number + 1)", "\(part.range.count)", mean > 0 ? Figures.decimal(part.cost / mean, 2) : "1.00",
                part.content,
            ])
        }
        return "\(table.terminal)\n\ncosts are multiples of the mean\n"
    }

    /// What `plan --json` prints.
    private struct Summary: Encodable {
        let parts: [Part]
        let unit: String
        let imbalance: Double

        struct Part: Encodable {
            let number, units: Int
            let content: String
            let cost: Double
        }

        init(_ plan: PartPlan) {
            parts = plan.parts.enumerated().map {
                Part(number: $0 + 1, units: $1.range.count, content: $1.content, cost: $1.cost)
            }
            unit = plan.unit.rawValue
            imbalance = plan.imbalance
        }
    }
}
