import TensorCore

/// What a user asks for beyond a recipe's name.
public struct RecipeOptions: Sendable, Hashable {
    /// Whether an importance matrix is at hand; some rules ask.
    public var hasImportance = false
    /// The type of the output matrix, instead of the rules' choice. Also that of a token embedding that is the output
    /// matrix, if ``embeddingType`` is nil.
    public var outputType: TensorType?
    /// The type of the token embedding, instead of the rules' choice.
    public var embeddingType: TensorType?
    /// The first that matches a tensor's name beats the rules.
    public var overrides: [TypeOverride] = []
    /// Whether the rules are left out: every tensor that nothing else is asked for gets the base type.
    public var isPure = false
    /// Whether a tensor whose rows are no whole number of blocks may get another type; if not, it is an error.
    public var allowsFallback = true

    public init() {}
}

/// A type for all tensors whose name a regular expression finds.
public struct TypeOverride: Sendable, Hashable {
    /// Searched anywhere in the name, in any case.
    public let pattern: String
    public let type: TensorType

    public init(pattern: String, type: TensorType) throws(RecipeError) {
        self.pattern = pattern
        self.type = type
        _ = try regex()
    }

    /// Parses `REGEX=TYPE`; the last `=` divides.
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

    /// Whether the expression finds the name of a tensor.
    public func matches(_ name: String) -> Bool {
        guard let regex = try? regex() else { return false }
        return name.firstMatch(of: regex) != nil
    }

    func regex() throws(RecipeError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(pattern).ignoresCase()
        } catch {
            throw RecipeError(.malformedPattern(pattern, reason: "\(error)"))
        }
    }
}
