import Runtime
import Tokenizers

/// How text is generated.
public struct GenerationOptions: Sendable {
    /// How tokens are chosen among those that the model finds probable.
    public var sampling = SamplingOptions()
    /// The most tokens to add; nil for as many as the context has room for.
    public var maximumTokenCount: Int?
    /// Strings that end the text; it does not contain them.
    public var stops: [String] = []
    /// Whether tokens that end a text are never chosen.
    public var ignoresEnd = false
    /// How many of the most probable tokens are told at each place.
    public var topCount = 0
    /// The most tokens of prompt and text together; nil for the model's context.
    public var contextLength: Int?

    /// Options as commands have them unless told otherwise.
    public init() {}
}

/// Why a text ends.
public enum GenerationFinish: String, Sendable, Encodable {
    /// The model has ended it.
    case end
    /// A stop string was found.
    case stop
    /// It has as many tokens as were asked for.
    case length
    /// The context is full.
    case context
    /// The user has ended it.
    case interrupted
}

/// A token and ln of the probability that the model gives to it.
public struct TokenProbability: Sendable, Equatable, Encodable {
    /// The token.
    public let token: TokenID
    /// The natural logarithm of the token's probability.
    public let logProbability: Double
}
