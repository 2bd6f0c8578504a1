import ArgumentParser
import BlockFormats
import Recipes
import Tensors

/// Options that change which type a tensor gets.
struct TypeOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A type for the tensors whose names match: 'ffn_down_exps=Q4_K'. May be repeated; the first match counts.",
            valueName: "regex=type"))
    var tensorType: [String] = []

    @Option(
        help: ArgumentHelp(
            "A file of such pairs, divided by spaces or line ends; tried after those of --tensor-type.",
            valueName: "file"))
    var tensorTypeFile: [InputPath] = []

    @Option(help: "The type of the output matrix.")
    var outputType: TensorType?

    @Flag(help: "Leave the output matrix in the type that it is stored in.")
    var leaveOutput = false

    @Option(help: "The type of the token embedding.")
    var embeddingType: TensorType?

    @Flag(help: "Give every matrix the base type, without the mix's exceptions.")
    var pure = false

    @Flag(help: "What to do with rows that are no whole blocks of their type: store them in a larger one, or stop.")
    var fallback = Fallback.allowFallback

    enum Fallback: EnumerableFlag {
        case allowFallback, noFallback
    }

    func validate() throws {
        guard !leaveOutput || outputType == nil else {
            throw ValidationError("--leave-output and --output-type exclude each other")
        }
    }

    /// - Throws: `RecipeError` or `FileError`.
    func recipeOptions() throws -> RecipeOptions {
        var options = RecipeOptions()
        options.outputType = outputType
        options.leavesOutput = leaveOutput
        options.embeddingType = embeddingType
        options.overrides = try tensorType.map { try TypeOverride(argument: $0) }
        for file in tensorTypeFile { options.overrides += try TypeOverride.list(contentsOf: file.path) }
        options.isPure = pure
        options.allowsFallback = fallback == .allowFallback
        return options
    }
}

extension TensorType: ExpressibleByArgument {
    /// The type that an argument names; nil if there is none of the name.
    ///
    /// - Parameter argument: A type's name.
    public init?(argument: String) { self.init(name: argument) }
    /// The names of all types, for help.
    public static var allValueStrings: [String] { BlockFormats.supportedTypes.map(\.name) }
}
