/// How fast a text was generated.
public struct GenerationPace: Sendable, Equatable {
    /// The tokens that were read together before the first new one was chosen; those that the model had read before do not
    /// count.
    public internal(set) var promptTokenCount = 0
    /// The time that reading them took.
    public internal(set) var promptTime = Duration.zero
    /// The tokens that were read one by one.
    public internal(set) var tokenCount = 0
    /// The time that reading them took, with the choice of each and what the caller did with its text.
    public internal(set) var tokenTime = Duration.zero

    /// Tokens that were read one by one, in a second; nil if there was none.
    public var tokensPerSecond: Double? { Self.rate(tokenCount, tokenTime) }
    /// Tokens of the prompt that were read in a second; nil if there was none.
    public var promptTokensPerSecond: Double? { Self.rate(promptTokenCount, promptTime) }

    private static func rate(_ count: Int, _ time: Duration) -> Double? {
        count > 0 && time > .zero ? Double(count) / (time / .seconds(1)) : nil
    }
}
