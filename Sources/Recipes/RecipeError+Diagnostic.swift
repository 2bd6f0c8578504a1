import Files
import Tensors

extension RecipeError {
    private static let example: Message = "write for example ffn_down_exps=Q4_K"
    private static let howToStart: Message =
        "start from what \(run: .printRecipe) prints; Docs/Handbook.docc/Recipes.md has all fields"

    private static func guess(_ name: String, of known: [String]) -> Message {
        known.nearest(to: name).map { "did you mean \($0)? " } ?? ""
    }

    /// The error in words: what was found and expected, where in the recipe, and what to do.
    public var diagnostic: Diagnostic {
        /// What a file gets wrong is bad input; what was typed is bad usage.
        func report(_ problem: String, advice: Message?) -> Diagnostic {
            Diagnostic(file == nil ? .usage : .input, file: file, place: place, problem, advice: advice)
        }
        return switch kind {
        case .unknownRecipe(let name, let known):
            report(
                "there is no type \"\(name)\"",
                advice: Self.guess(name, of: known) + "known types: \(known.joined(separator: ", "))")
        case .malformedOverride(let argument):
            report("\"\(argument)\" is not REGEX=TYPE", advice: Self.example)
        case .unknownOverrideType(let name, let argument):
            report(
                "there is no type \"\(name)\", as \"\(argument)\" asks for",
                advice: Self.guess(name, of: TensorType.allCases.map(\.name)) + Self.example)
        case .malformedPattern(let pattern, let reason):
            report("\"\(pattern)\" is not a regular expression: \(reason)", advice: Self.example)
        case .malformedRecipe(let found, let expected):
            report("\(expected) expected, found \(found)", advice: Self.howToStart)
        case .missingField(let field, let expected):
            report("the field \"\(field)\" is missing: \(expected) expected", advice: Self.howToStart)
        case .unknownField(let field, let known):
            report(
                "there is no field \"\(field)\" here",
                advice: Self.guess(field, of: known) + "known fields: \(known.joined(separator: ", "))")
        case .unknownVersion(let version):
            report(
                "a recipe of version \(version), but only version \(Recipe.formatVersion) is known",
                advice: "use a newer swage")
        case .tooLong(let byteCount):
            report(
                "\(ByteCount.text(byteCount, rounding: .up)) are too many: at most "
                    + "\(ByteCount.text(Self.fileByteLimit, rounding: .down)) expected", advice: Self.howToStart)
        case .noRecipe:
            report(
                "this GGUF does not say by which recipe it was made",
                advice: "give a file written by \(run: .quantize), or a recipe as JSON")
        case .rowsAreNotBlocks(let tensor, let rowLength, let type, let fallback):
            Diagnostic(
                .usage, place: tensor,
                "a row has \(rowLength) elements, which is not a multiple of \(type.blockLength) as \(type.name) needs",
                advice:
                    "pad the experts, which is exact, with \(.expertPadding, "on") (when converting, if this is a GGUF), "
                    + "choose another type for this tensor, or allow the fallback type \(fallback.name)")
        case .importanceMissing(let tensors, let type):
            Diagnostic(
                .usage, place: tensors.first,
                "\(type.name) needs an importance matrix, which is missing for \(tensors.count) "
                    + (tensors.count == 1 ? "tensor" : "tensors: ")
                    + (tensors.count == 1 ? "" : tensors.prefix(4).joined(separator: ", "))
                    + (tensors.count > 4 ? " and \(tensors.count - 4) more" : ""),
                advice:
                    "fit the weights to texts with \(.calibrationTexts), or make an importance matrix of this model with \(run: .collectImportance) and pass it with \(.importanceMatrix), "
                    + "or choose a type of more bits")
        case .budgetTooSmall(let limit, let least):
            Diagnostic(
                .usage,
                "the tensors need \(ByteCount.text(least, rounding: .up)) in the smallest types, and "
                    + "\(ByteCount.text(max(0, limit), rounding: .down)) are left for them",
                advice: "allow more bytes, or leave out types that were asked for some tensors")
        case .cacheTypeNotForHeads(let type, let headLength):
            Diagnostic(
                .usage, "llama.cpp has no GPU kernels for a \(type) cache with heads of \(headLength)",
                advice: "use \(.cacheType, "f16")")
        case .deviceTooSmall(let byteCount, let needed, let context):
            Diagnostic(
                .usage,
                "a context of \(context) tokens and what is reserved take \(ByteCount.text(needed, rounding: .up)), and the "
                    + "device has \(ByteCount.text(byteCount, rounding: .down))",
                advice: "use a shorter \(.context) or a smaller \(.reserve)")
        case .tooLarge(let tensor):
            Diagnostic(.input, place: tensor, "the size in bytes is more than 64 bits can hold")
        }
    }
}
