import ArgumentParser
import BlockFormats
import Calibration
import Evaluation
import Models
import Pipelines
import Recipes
import Reporting

struct Quantize: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model with quantized weights, straight from a checkpoint or from a GGUF file.",
        examples:
            "quantize xverse.gguf --type Q4_K_M -o xverse-Q4_K_M.gguf",
        "quantize XVERSE-MoE-A4.2B --type SW2 --calibrate texts.txt -o q.gguf",
        "quantize xverse.gguf --fit 24GiB --calibrate texts.txt -o xverse-24.gguf",
        "quantize xverse.gguf --type IQ2_M --imatrix imatrix.gguf --dry-run")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(
        name: .shortAndLong,
        help: "The GGUF file to write, or the name of its parts without their numbers; not needed with --dry-run.")
    var output: OutputPath?

    @Option(
        help: "The mix, by llama.cpp's name in any case: Q4_K_M, IQ2_XXS, IQ1_S, …, or one of Swage's own: SW1 to SW4.")
    var type: String?

    @Option(
        help: ArgumentHelp(
            "A recipe instead of a mix: a JSON file, or a GGUF that was made by one.", valueName: "file"))
    var recipe: InputPath?

    @Option(help: "An importance matrix, from swage imatrix or llama-imatrix.")
    var imatrix: InputPath?

    @Option(
        help: ArgumentHelp(
            "Second moments to fit the quantized weights to, with error feedback: from swage imatrix --hessian. Slower than "
                + "an importance matrix, nearer to the original, and one file serves all types.", valueName: "file"))
    var hessian: InputPath?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Texts to fit the quantized weights to, with error feedback: slower, and much nearer to the original.",
            valueName: "text"))
    var calibrate: [InputPath] = []

    @Option(help: "Tokens per window of calibration.")
    var calibrationContext = 512

    @Option(help: "The most windows taken from each calibration text. Default: all.")
    var calibrationChunks: Int?

    @OptionGroup(title: "A limit in place of a type") var budget: BudgetOptions
    @OptionGroup(title: "Types of single tensors") var choices: TypeOptions

    @Flag(help: "Allow weights that are quantized already.")
    var allowRequantize = false

    @Flag(help: "Print every tensor's type and why, and the size; write nothing.")
    var dryRun = false

    @Flag(help: "Print the recipe as JSON, with what the other options ask for; read and write nothing else.")
    var printRecipe = false

    @OptionGroup(title: "Parts") var split: SplitOptions

    @Flag(help: "Write a split model in as many parts as it has, with the same tensors in each.")
    var keepSplit = false

    @Flag(help: "Read all of what was written again and compare it with the model, not a sample of it.")
    var verify = false

    @OptionGroup(title: "Unfinished work") var resume: ResumeOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: WorkOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    var writesNothing: Bool { dryRun || printRecipe }
    var sparedOutputs: [String] { split.limits == nil ? [] : [output?.path].compactMap { $0 } }

    func validate() throws {
        guard [type != nil, recipe != nil].count(where: { $0 }) + budget.count == 1 else {
            throw ValidationError(
                "give a mix with --type TYPE, a recipe with --recipe FILE, or a limit with --fit, --size or --bpw")
        }
        guard budget.count == 0 || !calibrate.isEmpty else {
            throw ValidationError("a limit needs texts to fit the weights to: --calibrate TEXT…")
        }
        guard budget.count == 0 || !choices.pure else {
            throw ValidationError("--pure leaves a limit nothing to choose; leave it out")
        }
        guard budget.count == 0 || !printRecipe else {
            throw ValidationError("the recipe of a limit is in the file that is written: --recipe reads it from there")
        }
        guard hessian == nil || calibrate.isEmpty else {
            throw ValidationError("--hessian and --calibrate exclude each other")
        }
        guard !keepSplit || split.limits == nil else {
            throw ValidationError("--keep-split and --split-max-size or --split-max-tensors exclude each other")
        }
        if let calibrationChunks, calibrationChunks < 1 {
            throw ValidationError("--calibration-chunks must be at least 1")
        }
        guard output != nil || dryRun || printRecipe else {
            throw ValidationError("name the file to write with --output FILE")
        }
    }

    func run() throws {
        if printRecipe {
            let options = try choices.recipeOptions()
            return try StandardStream.output.write(json: Array(try chosenRecipe().applying(options).json.utf8))
        }
        let model = try reading.open(model.path)
        let quantization = try quantization(of: model)
        let inputs = try QuantizationInputs(model, guidance: guidance())
        guard let limit = budget.budget(for: model) else {
            let plan = try quantization.plan(inputs, permitsMissingImportance: dryRun)
            guard let written = try write(plan), terminal.json else { return }
            return try JSONOutput.print(WritingSummary(written, of: model))
        }
        var budgeted = BudgetedQuantization(
            quantization, budget: limit, sensitivityPath: budget.sensitivity?.path, compute: work.compute)
        budgeted.output = dryRun ? nil : output?.path
        budgeted.isRestarting = resume.isRestarting
        let outcome = try budgeted.plan(inputs)
        let written = try write(outcome.plan, budget: BudgetSummary(outcome, measured: nil))
        let path = written?.paths[0]
        let measured = try path.map { try budgeted.divergence(of: $0, from: inputs) }
        try budgeted.removeWork()
        ProgressLine.clear()
        if terminal.json {
            guard let written else { return }
            return try JSONOutput.print(
                WritingSummary(written, of: model, budget: BudgetSummary(outcome, measured: measured)))
        }
        let report = BudgetReport(outcome: outcome, budget: budget, model: model)
        try StandardStream.output.write(report.text(measured: measured, output: path ?? output?.path))
    }

    private func chosenRecipe() throws -> Recipe {
        try recipe.map { try RecipeFile.read($0.path) } ?? Recipe(named: type ?? "F16")
    }

    /// What is asked for.
    func quantization(of model: Model) throws -> Quantization {
        var quantization = Quantization(
            recipe: try chosenRecipe(), options: try choices.recipeOptions(), allowsRequantization: allowRequantize,
            parallel: work.compute.parallel)
        quantization.otherInputs = ([recipe, budget.sensitivity] + choices.tensorTypeFile).compactMap { $0?.path }
        quantization.verification = verify ? .all : .sample
        quantization.replacesParts = replacing.replacesOutputs
        quantization.splitLimits = keepSplit ? try model.splitLimits() : split.limits
        quantization.isRestarting = resume.isRestarting
        return quantization
    }

    /// What is known of the inputs of the model's matrices.
    func guidance() throws -> Quantization.Guidance {
        let imatrix = imatrix?.path
        if let hessian = hessian?.path {
            return .hessian(HessianFitting(path: hessian, memory: work.compute.memory), importance: imatrix)
        }
        guard !calibrate.isEmpty else { return imatrix.map { .importance($0) } ?? .none }
        let texts = CalibrationTexts(
            try calibrate.map { try EvaluationText(contentsOf: $0.path) },
            cut: WindowCut(context: calibrationContext, windowLimit: calibrationChunks),
            heldOutCount: budget.count > 0 ? budget.heldOut : 0)
        return .texts(TextFitting(texts, memory: work.compute.memory), importance: imatrix)
    }

    /// Writes the file, or what it would hold.
    ///
    /// - Returns: what was written; nil for nothing.
    private func write(_ plan: Quantization.Plan, budget: BudgetSummary? = nil) throws -> Conversion.Outcome? {
        guard let output = output?.path, !dryRun else {
            ProgressLine.clear()
            try plan.checkTexts()
            for warning in plan.warnings { ProgressLine.handler(.warning(warning)) }
            defer { ProgressLine.say([plan.missingImportance].compactMap { $0?.diagnostic }) }
            if terminal.json {
                try JSONOutput.print(QuantizationPlan(plan, budget: budget))
                return nil
            }
            try StandardStream.output.write(Self.listing(of: plan))
            for part in try plan.listing(of: output?.path ?? "MODEL.gguf") {
                try StandardStream.output.write("\(part)\n")
            }
            if let duration = try plan.duration() { StandardStream.error.write(Figures.estimate(duration)) }
            return nil
        }
        let outcome = try plan.write(to: output, progress: work.compute.progress)
        try show(outcome)
        return outcome
    }

    /// Says what was written.
    func show(_ outcome: Conversion.Outcome) throws {
        ProgressLine.clear()
        EndNote.wrote(outcome.paths)
        try StandardStream.output.write("\(outcome.summary)\n")
    }

    private static func listing(of plan: Quantization.Plan) -> DisplayText {
        var table = Table([
            .init("tensor"), .init("shape", .right), .init("from"), .init("to"), .init("bytes", .right), .init("why"),
        ])
        for assignment in plan.assignments {
            let fallback = assignment.fallbackFrom.map { "; fallback, rows are no whole blocks of \($0.name)" } ?? ""
            table.append([
                assignment.tensor.name, assignment.tensor.shape.description, assignment.sourceType.name,
                assignment.type.name, String(assignment.tensor.byteCount), assignment.reason + fallback,
            ])
        }
        let bits = Figures.decimal(plan.size.bitsPerWeight, 3)
        return """
            \(table.terminal)

            \(plan.size.byteCount) bytes of tensor data, \(bits) bits per weight
            \(plan.fileByteCount) bytes of file

            """
    }
}
