/// The options of choosing the next token from logits; the defaults always choose the most probable one.
///
/// The meanings, and the order in which the restrictions apply (that of the properties), are those of the logits
/// processors of HuggingFace transformers.
public struct SamplingOptions: Sendable, Equatable {
    /// The repetition penalty, above 1 to make tokens of the context less probable: their logits are divided by it if
    /// positive, else multiplied.
    public var repetitionPenalty = 1.0
    /// The number that logits are divided by; 0 always takes the most probable token.
    public var temperature = 0.0
    /// The number of most probable tokens that can be chosen, with those as probable as the last of them; 0 for all.
    public var topK = 0
    /// The probability that the tokens that can be chosen, the most probable ones, add up to at least; 1 for all.
    public var topP = 1.0
    /// The least probability of tokens that can be chosen, as a part of that of the most probable one; 0 for all.
    public var minP = 0.0
    /// The number that the sequence of random numbers begins from; equal seeds give equal choices.
    public var seed: UInt64 = 0
    /// Tokens that are never chosen.
    public var excluded: Set<Int32> = []

    /// Makes the options that always choose the most probable token.
    public init() {}
}
