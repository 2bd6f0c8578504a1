import ArgumentParser
import Calibration
import Evaluation
import Files
import Models
import Pages
import Pipelines
import Recipes
import Reporting

struct Make: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Makes a folder to publish of a checkpoint: quantized files, what they cost, and a card.",
        discussion: """
            Every file is fitted to texts straight from the checkpoint, and measured on other texts beside the original. \
            Without texts of your own those are used that Swage carries with it: English and Chinese, small, and its own. A \
            run that ends early is continued by the same command.
            """,
        examples: "make XVERSE-MoE-A4.2B-Chat --fit 24GiB -o xverse-24",
        "make xverse.gguf --type Q4_K_M IQ2_XXS -o xverse-files",
        "make XVERSE-MoE-A4.2B-Chat --type Q4_K_M -o files --dry-run")

    @Argument(help: "A checkpoint directory, or a GGUF file that is not quantized.")
    var checkpoint: InputPath

    @Option(name: .shortAndLong, help: "The folder to make, or to go on with.")
    var output: OutputPath

    @Option(
        name: .customLong("type"), parsing: .upToNextOption,
        help: ArgumentHelp("Mixes or presets, each for a file: Q4_K_M, IQ2_XXS, SW2, ….", valueName: "type"))
    var types: [String] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Memories of devices, such as 24GiB, each for the best file that it holds with its context.",
            valueName: "size"))
    var fit: [ByteSize] = []

    @Option(
        name: .customLong("size"), parsing: .upToNextOption,
        help: ArgumentHelp("Sizes, such as 9GB, each for the best file that is no larger.", valueName: "size"))
    var sizes: [ByteSize] = []

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("Texts to fit the weights to. Default: those of Swage.", valueName: "text"))
    var calibrate: [InputPath] = []

    @Option(help: "The most windows of 512 tokens taken from each calibration text. Default: all.")
    var calibrationChunks: Int?

    @Option(
        name: .customLong("text"),
        help: ArgumentHelp(
            "A text to measure on and what to call it. May be repeated. Default: those of Swage.",
            valueName: "name=file"))
    var texts: [NamedInput] = []

    @Option(help: "The most windows of 512 tokens taken from each text to measure on. Default: all.")
    var chunks: Int?

    @Flag(help: "Print what would be made, its size and how long it would take; write nothing.")
    var dryRun = false

    @OptionGroup(title: "The device of --fit") var use: DeviceOptions
    @OptionGroup(title: "The card") var cards: CardOptions
    @OptionGroup(title: "Unfinished work") var resume: ResumeOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: WorkOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    var writesNothing: Bool { dryRun }

    func validate() throws {
        guard !types.isEmpty || !fit.isEmpty || !sizes.isEmpty else {
            throw ValidationError("say what to make: --fit SIZE, --type TYPE or --size SIZE")
        }
        guard !fit.isEmpty || !use.isAny else {
            throw ValidationError("--context, --kv and --reserve belong to --fit")
        }
        for (option, value) in [("--chunks", chunks), ("--calibration-chunks", calibrationChunks)] {
            if let value, value < 1 { throw ValidationError("\(option) must be at least 1") }
        }
    }

    func run() throws {
        let model = try reading.open(checkpoint.path)
        let goals = try goals(model)
        let calibration =
            calibrate.isEmpty
            ? EvaluationText.bundledForCalibration : try calibrate.map { try EvaluationText(contentsOf: $0.path) }
        let measured =
            texts.isEmpty
            ? EvaluationText.bundledForMeasuring
            : try texts.map { try EvaluationText(contentsOf: $0.path, name: $0.name) }
        var folder = try ModelFolder(
            path: output.path, model: model, goals: goals,
            texts: CalibrationTexts(
                calibration, cut: WindowCut(windowLimit: calibrationChunks),
                heldOutCount: fit.isEmpty && sizes.isEmpty ? 0 : 1),
            compute: work.compute)
        folder.isRestarting = resume.isRestarting
        let planned = try folder.plan()
        let measuring = try folder.measuringDuration(of: measured, cut: WindowCut(windowLimit: chunks))
        let plan = MakingPlan(
            model: model.userName, files: planned.map(MakingPlan.File.init),
            diskBytes: planned.reduce(0) { $0 + ($1.isComplete ? 0 : $1.byteCount) },
            measuringSeconds: measuring / .seconds(1),
            calibrationTexts: calibration.map(\.name), measuredTexts: measured.map(\.name))
        try show(plan, originalByteCount: model.fileByteCount)
        guard !dryRun else { return try terminal.json ? JSONOutput.print(plan) : () }
        try refuseOthers(planned)
        folder.lastStep = ("measuring", measuring)
        _ = try folder.run(planned)
        EndNote.wrote(planned.filter { !$0.isComplete }.map(\.path))
        try report(model, planned.map(\.path), goals, measured)
        try folder.finish()
        if terminal.json { try JSONOutput.print(plan) }
    }

    /// Measures the files beside the original, and writes what that comes to.
    private func report(
        _ model: Model, _ paths: [String], _ goals: [ModelFolder.Goal], _ texts: [EvaluationText]
    ) throws {
        guard let report = ReportOutput(argument: output.path + "/") else { return }
        var making = ReportMaking()
        making.cut = WindowCut(windowLimit: chunks)
        making.compute = work.compute
        making.output = report.path
        making.isRestarting = resume.isRestarting
        let named =
            try [.init(name: "original", model: model)]
            + zip(goals, paths).map { ReportMaking.NamedModel(name: $0.name, model: try reading.open($1)) }
        try making.run(named, texts: texts) { measured in
            ProgressLine.clear()
            let documents = ReportDocuments(report: measured, card: cards.details, frame: ChatFrame(of: model))
            try documents.write(to: report)
            EndNote.wrote(report.files.map(\.path) + report.cardPaths)
            try StandardStream.output.write(measured.markdown + "\n")
        }
        try StandardStream.output.write("\n\(output.path): ready to publish, with README.md and report.html\n")
    }

    /// In the order in which they were named, types first.
    private func goals(_ model: Model) throws -> [ModelFolder.Goal] {
        try types.map { .recipe(try Recipe(named: $0)) }
            + fit.map {
                .budget(Budget(.device(use.device(byteCount: $0.byteCount, for: model))), name: "fit-" + Self.name($0))
            } + sizes.map { .budget(Budget(.file(byteCount: $0.byteCount)), name: "size-" + Self.name($0)) }
    }

    /// A size as file names have it: `24GiB`, `9GB`, or bytes.
    private static func name(_ size: ByteSize) -> String {
        for (unit, word) in [(1 << 30, "GiB"), (1_000_000_000, "GB"), (1 << 20, "MiB"), (1_000_000, "MB")]
        where size.byteCount % unit == 0 {
            return "\(size.byteCount / unit)\(word)"
        }
        return "\(size.byteCount)"
    }

    /// Prints what is going to happen.
    private func show(_ plan: MakingPlan, originalByteCount: Int) throws {
        ProgressLine.clear()
        var table = Table([.init("file"), .init("at most", .right), .init("takes about", .right)])
        for file in plan.files {
            let time =
                file.isComplete ? "is there" : file.estimatedSeconds.map(Figures.duration) ?? "is measured first"
            table.append([file.path, Figures.bytes(file.maxBytes), time])
        }
        try StandardStream.output.write(
            """
            \(plan.model): \(Figures.bytes(originalByteCount)) as stored
            fitted to \(plan.calibrationTexts.joined(separator: ", "))
            measured on \(plan.measuredTexts.joined(separator: ", ")), which takes about \(Figures.duration(plan.measuringSeconds))

            \(table.terminal)

            \(Figures.bytes(plan.diskBytes)) of disk are needed in \(output.path)

            """)
    }

    /// Files of the names that no unfinished run of this command has made stay, unless they may be replaced.
    private func refuseOthers(_ planned: [ModelFolder.PlannedFile]) throws {
        guard !replacing.replacesOutputs else { return }
        for file in planned where !file.isComplete && FileIdentity(path: file.path) != nil {
            throw OutputExists(path: file.path)
        }
        let documents = ReportOutput(argument: output.path + "/").map { $0.files.map(\.path) + $0.cardPaths } ?? []
        for path in documents where FileIdentity(path: path) != nil { throw OutputExists(path: path) }
    }
}
