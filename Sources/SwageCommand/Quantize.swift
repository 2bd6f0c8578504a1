import ArgumentParser
import BlockFormats
import Pipelines
import Recipes
import Reporting
import TensorCore

struct Quantize: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a model with quantized weights, straight from a checkpoint or from a GGUF file.")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String

    @Option(name: .shortAndLong, help: "The GGUF file to write; not needed with --dry-run.")
    var output: String?

    @Option(help: "The mix, by llama.cpp's name in any case: Q4_K_M, IQ2_XXS, IQ1_S, …")
    var type: String

    @Option(help: "An importance matrix, from swage imatrix or llama-imatrix.")
    var imatrix: String?

    @Option(
        help: ArgumentHelp(
            "A type for the tensors whose names match: 'ffn_down_exps=Q4_K'. May be repeated; the first match counts.",
            valueName: "regex=type"))
    var tensorType: [String] = []

    @Option(help: "The type of the output matrix.")
    var outputType: TensorType?

    @Option(help: "The type of the token embedding.")
    var embeddingType: TensorType?

    @Flag(help: "Give every matrix the base type, without the mix's exceptions.")
    var pure = false

    @Flag(
        inversion: .prefixedNo,
        help: "Store rows that are no whole blocks of their type in a larger one, or stop.")
    var fallback = true

    @Flag(help: "Allow weights that are quantized already.")
    var allowRequantize = false

    @Flag(help: "Print every tensor's type and why, and the size; write nothing.")
    var dryRun = false

    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard output != nil || dryRun else { throw ValidationError("name the file to write with --output FILE") }
    }

    func run() throws {
        var options = RecipeOptions()
        options.outputType = outputType
        options.embeddingType = embeddingType
        options.overrides = try tensorType.map { try TypeOverride(argument: $0) }
        options.isPure = pure
        options.allowsFallback = fallback
        let recipe = try Recipe(named: type)
        let model = try Model(path: model, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        let quantization = Quantization(
            recipe: recipe, options: options, importancePath: imatrix, allowsRequantization: allowRequantize,
            parallel: compute.parallel)
        let plan = try quantization.plan(model)
        guard let output, !dryRun else {
            for warning in plan.warnings { ProgressLine.handler(.warning(warning)) }
            StandardStream.output.write(Self.listing(of: plan))
            return StandardStream.error.write(Figures.estimate(try quantization.duration(model, plan: plan)))
        }
        let outcome = try quantization.run(model, plan: plan, output: output, progress: ProgressLine.handler)
        ProgressLine.clear()
        StandardStream.output.write(outcome.summary + "\n")
    }

    private static func listing(of plan: Quantization.Plan) -> String {
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
        return "\(table.terminal)\n\n\(plan.size.byteCount) bytes of tensor data, \(bits) bits per weight\n"
    }
}

extension TensorType: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
    public static var allValueStrings: [String] { BlockFormats.supportedTypes.map(\.name) }
}
