import ArgumentParser
import Evaluation
import Files
import Models
import Pipelines
import Reporting
import Upcycling

struct Upcycle: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a mixture of experts of a dense checkpoint, which computes the same and can be trained on.",
        usage: "swage upcycle <dense> -o <folder> --experts <n> --top-k <n> [<options>]",
        discussion: """
            Every feed-forward block is cut into slices as wide as an expert. Shared slices serve every token; the others make \
            a virtual group, of which the experts are copies, and a token takes whole groups: --experts and --top-k are \
            multiples of --granularity less --shared.
            """,
        examples: "upcycle XVERSE-7B -o MoE --experts 64 --granularity 4 --top-k 4",
        "upcycle XVERSE-7B -o E --experts 64 --granularity 4 --shared 2 --top-k 6",
        "upcycle Llama -o MoE --experts 8 --top-k 2 --check text.txt")

    @Argument(help: "A HuggingFace checkpoint directory of a dense model: XVERSE, Llama or Mistral.")
    var checkpoint: InputPath

    @Option(name: .shortAndLong, help: "The folder of the new checkpoint.")
    var output: OutputPath

    @Option(help: ArgumentHelp("Routed experts in each layer.", valueName: "n"))
    var experts: Int

    @Option(help: ArgumentHelp("Routed experts that each token passes through.", valueName: "n"))
    var topK: Int

    @Option(help: ArgumentHelp("Slices that every block is cut into, each as wide as an expert.", valueName: "n"))
    var granularity = 1

    @Option(help: ArgumentHelp("Slices in the shared block, which every token passes through.", valueName: "n"))
    var shared = 0

    @Option(help: "The family: xverse-moe or mixtral. Default: xverse-moe for XVERSE or with --shared, else mixtral.")
    var form: UpcyclingForm?

    @Option(help: ArgumentHelp("The standard deviation of the router's weights.", valueName: "s"))
    var routerScale = UpcyclingOptions.usualRouterScale

    @Option(help: ArgumentHelp("What random numbers depend on.", valueName: "n"))
    var seed: UInt64 = 0

    @Option(
        help: ArgumentHelp(
            "Add noise to each expert, with this share of its matrices' standard deviation.", valueName: "share"))
    var noise: Double?

    @Option(
        help: ArgumentHelp(
            "Begin this share of each expert's inner elements anew (Drop-Upcycling), such as 0.5.", valueName: "share"))
    var drop: Double?

    @Option(help: ArgumentHelp("The most bytes of tensors in a file. Default: 5GB.", valueName: "size"))
    var shardSize: ByteSize?

    @Flag(help: "Print what would be made and its size; write nothing.")
    var dryRun = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Texts on which the result is compared with the dense model.",
            discussion: "With --noise or --drop and no text, 2 windows of each of Swage's own.", valueName: "text"))
    var check: [InputPath] = []

    @OptionGroup(title: "Windows of --check") var windows: WindowOptions
    @OptionGroup(title: "Unfinished work") var resume: ResumeOptions
    @OptionGroup(title: "Work") var work: WorkOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    var writesNothing: Bool { dryRun }

    /// Windows of each of the bundled texts that a change of experts is measured on.
    private static let bundledWindowLimit = 2

    func validate() throws {
        for (option, value) in [("--experts", experts), ("--top-k", topK), ("--granularity", granularity)] {
            if value < 1 { throw ValidationError("\(option) must be at least 1") }
        }
        guard shared >= 0 else { throw ValidationError("--shared must not be negative") }
        guard routerScale >= 0, routerScale <= 1000 else {
            throw ValidationError("--router-scale must be from 0 to 1000")
        }
        guard noise == nil || drop == nil else { throw ValidationError("--noise and --drop exclude each other") }
        if let noise, !(noise > 0 && noise <= 100) { throw ValidationError("--noise must be above 0, and at most 100") }
        if let drop, !(drop > 0 && drop <= 1) { throw ValidationError("--drop must be above 0, and at most 1") }
    }

    func run() throws {
        let texts = try check.map { try EvaluationText(contentsOf: $0.path) }
        let dense = try Model.open(checkpoint.path)
        ProgressLine.say(dense.notes)
        var upcycling = ExpertUpcycling(options: options, compute: work.compute)
        if let shardSize { upcycling.shardByteCount = shardSize.byteCount }
        upcycling.isRestarting = resume.isRestarting
        upcycling.replacesFiles = replacing.replacesOutputs
        let plan = try upcycling.plan(dense)
        if dryRun { return try tell(plan, dense) }
        if let first = ExpertUpcycling.obstacles(in: output.path).first, !replacing.replacesOutputs {
            throw OutputExists(path: first)
        }
        let comparison = comparison(plan)
        let compared =
            texts.isEmpty && plan.upcycling.exactness == .perturbed ? EvaluationText.bundledForMeasuring : texts
        try comparison.prepare(dense, texts: compared)
        let outcome = try upcycling.run(plan, output: output.path)
        ProgressLine.clear()
        EndNote.wrote(outcome.paths)
        let result = compared.isEmpty ? nil : try comparison.run(plan, path: outcome.path, texts: compared)
        ProgressLine.clear()
        try tell(plan, dense, result)
        guard plan.upcycling.exactness == .exact, let result else { return }
        guard result.areSame else {
            throw UpcyclingDiffers(
                path: outcome.path, divergence: result.texts.map(\.divergence.magnitude).max() ?? .nan)
        }
        try StandardStream.output.write("it computes what the dense model computes\n")
    }

    private func tell(_ plan: ExpertUpcycling.Plan, _ dense: Model, _ result: UpcyclingCheck.Outcome? = nil) throws {
        if terminal.json { return try JSONOutput.print(UpcyclingSummary(plan, of: dense, compared: result)) }
        try StandardStream.output.write(UpcyclingReport.description(of: plan, dense))
        if let result { try StandardStream.output.write("\n" + UpcyclingReport.table(of: result).terminal + "\n") }
    }

    private func comparison(_ plan: ExpertUpcycling.Plan) -> UpcyclingCheck {
        var comparison = UpcyclingCheck(cut: windows.cut, compute: work.compute)
        if check.isEmpty { comparison.cut.windowLimit = windows.chunks ?? Self.bundledWindowLimit }
        comparison.cut.context = min(comparison.cut.context, plan.upcycling.decoder.contextLength)
        return comparison
    }

    private var options: UpcyclingOptions {
        UpcyclingOptions(
            expertCount: experts, usedCount: topK, granularity: granularity, sharedCount: shared, form: form,
            routerScale: routerScale, seed: seed,
            perturbation: noise.map { .noise($0) } ?? drop.map { .drop($0) } ?? .none)
    }
}

extension UpcyclingForm: ExpressibleByArgument {}
