import Files
import Tensors

/// Requests of a user beyond the name of a recipe.
public struct RecipeOptions: Sendable, Hashable {
    /// Whether there is an importance matrix, which some rules ask for.
    public var hasImportance = false
    /// The type of the output matrix, instead of the rules' choice; nil for the rules' choice. It is also that of a
    /// token embedding that is the output matrix, if ``embeddingType`` is nil and no override names it.
    public var outputType: TensorType?
    /// Whether an output matrix of its own stays as it is stored.
    public var leavesOutput = false
    /// The type of the token embedding, instead of the rules' choice; nil for the rules' choice.
    public var embeddingType: TensorType?
    /// Types by tensor name; the first override that matches a name beats the rules.
    public var overrides: [TypeOverride] = []
    /// Whether the rules are left out, so that every tensor gets the base type unless the options ask for another.
    public var isPure = false
    /// Whether a tensor whose rows are no whole number of blocks may get another type; if not, it is an error.
    public var allowsFallback = true

    /// Options that ask for nothing: the rules decide, and fallback types are allowed.
    public init() {}
}

/// A type for all tensors whose name a regular expression finds.
public struct TypeOverride: Sendable, Hashable {
    /// The regular expression that is searched in the names of tensors.
    public let pattern: NamePattern
    /// The type of the tensors whose names the expression is found in.
    public let type: TensorType

    /// An override of a type by name.
    ///
    /// - Parameters:
    ///   - pattern: A regular expression in the grammar of ``NamePattern``.
    ///   - type: The type of the tensors whose names the expression is found in.
    /// - Throws: ``RecipeError`` if the expression cannot be parsed.
    public init(pattern: String, type: TensorType) throws(RecipeError) {
        self.pattern = try NamePattern(pattern)
        self.type = type
    }

    /// Parses `REGEX=TYPE`; the last `=` divides.
    ///
    /// - Throws: ``RecipeError`` if the text is of another form, the type does not exist or the expression cannot be
    ///   parsed.
    public init(argument: String) throws(RecipeError) {
        guard let divider = argument.lastIndex(of: "="), divider > argument.startIndex else {
            throw RecipeError(.malformedOverride(argument))
        }
        let name = String(argument[argument.index(after: divider)...])
        guard let type = TensorType(name: name) else {
            throw RecipeError(.unknownOverrideType(name, argument: argument))
        }
        try self.init(pattern: String(argument[..<divider]), type: type)
    }

    /// Reads a file of overrides as llama-quantize does: `REGEX=TYPE`, divided by spaces or line ends.
    ///
    /// - Throws: ``RecipeError`` with the file and the line, or `FileError`.
    public static func list(contentsOf path: String) throws -> [TypeOverride] {
        let text = try ReadableFile.recipeBytes(of: path)
        var overrides: [TypeOverride] = []
        for (number, line) in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            for word in line.split(whereSeparator: { $0 == 32 || (9...13).contains($0) }) {
                do throws(RecipeError) {
                    overrides.append(try TypeOverride(argument: String(decoding: word, as: UTF8.self)))
                } catch {
                    throw RecipeError(error.kind, file: path, place: "line \(number + 1)")
                }
            }
        }
        return overrides
    }
}
