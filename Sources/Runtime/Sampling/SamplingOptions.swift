/// How the next token is chosen from the logits; the defaults always choose the most probable one.
///
/// The meanings, and the order in which the restrictions apply (that of the properties), are those of the logits processors of
/// HuggingFace transformers.
public struct SamplingOptions: Sendable, Equatable {
    /// Above 1 makes tokens of the context less probable: their logits are divided by it if positive, else multiplied.
    public var repetitionPenalty = 1.0
    /// Divides the logits; 0 always takes the most probable token.
    public var temperature = 0.0
    /// Only the so many most probable tokens, and those as probable as the last of them; 0 for all.
    public var topK = 0
    /// Only the fewest most probable tokens whose probabilities add up to this; 1 for all.
    public var topP = 1.0
    /// Only tokens at least this times as probable as the most probable one; 0 for all.
    public var minP = 0.0
    /// Where the random numbers begin.
    public var seed: UInt64 = 0
    /// Tokens that are never chosen.
    public var excluded: Set<Int32> = []

    /// Makes the options that always choose the most probable token.
    public init() {}
}
