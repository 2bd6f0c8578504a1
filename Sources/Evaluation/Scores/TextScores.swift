import Numerics
import Runtime

/// The log-probabilities that models give to the scored tokens of a text, window by window.
package struct TextScores: Sendable {
    /// The name of the text in reports.
    package let name: String
    /// The number of tokens of the whole text, BOS included; nil if only its beginning was tokenized.
    package let tokenCount: Int?
    /// The size of the whole text in bytes of UTF-8.
    package let byteCount: Int
    /// The size of the whole text in Unicode scalars.
    package let characterCount: Int
    /// The windows that have been scored, in the text's order.
    package internal(set) var windows: [WindowScores] = []

    /// Summarizes one model's scores.
    ///
    /// - Parameter model: The number of the model in the run, from 0.
    /// - Throws: ``EvaluationError`` if the mean log-likelihood is not finite.
    package func result(ofModel model: Int) throws -> EvaluationResult {
        let scores = windows.flatMap { $0.scores[model] }
        let losses = scores.map { -$0.logProbability }
        let comparisons = scores.compactMap(\.comparison)
        let loss = MeanWithError(losses)
        guard loss.mean.isFinite else { throw EvaluationError(.nonFiniteResult, file: name) }
        return EvaluationResult(
            name: name, loss: loss,
            lossPerCharacter: MeanWithError(
                ratioOf: losses, to: windows.flatMap { $0.characterCounts.map(Double.init) }),
            lossPerByte: MeanWithError(ratioOf: losses, to: windows.flatMap { $0.byteCounts.map(Double.init) }),
            divergence: comparisons.isEmpty ? nil : Divergence(comparisons), comparisons: comparisons,
            scoredTokenCount: scores.count, windowCount: windows.count, tokenCount: tokenCount, byteCount: byteCount,
            characterCount: characterCount)
    }
}

/// The log-probabilities that models give to the scored tokens of one window.
package struct WindowScores: Sendable {
    /// The window's place in its text, from 0.
    package let number: Int
    /// The length in bytes of each scored token's text; 0 for special tokens.
    package let byteCounts: [Int]
    /// The number of characters that begin in each scored token's text.
    package let characterCounts: [Int]
    /// The scores of the tokens, one list for each model.
    package let scores: [[TokenScore]]
}

extension WindowScores {
    init(_ window: EvaluationWindow, scores: [[TokenScore]], lengths: TokenLengths) {
        let tokens = window.tokens[window.scored]
        self.init(
            number: window.number, byteCounts: tokens.map(lengths.byteCount),
            characterCounts: tokens.map(lengths.characterCount), scores: scores)
    }
}

/// The log-probability that a model gives to one token.
package struct TokenScore: Sendable, Hashable {
    /// The natural logarithm of the token's probability.
    package let logProbability: Double
    /// The comparison of the model's prediction with the reference's; nil without a reference.
    package let comparison: LogitComparison?

    /// The memory of the scores of `count` tokens by one model: the table that threads fill, the list made of it, and what
    /// is kept of each window, with the lengths of tokens.
    static func workingSet(count: Int) -> WorkingSet {
        let kept = MemoryLayout<TokenScore>.stride + 2 * MemoryLayout<Int>.stride
        return WorkingSet("scores", byteCount: count * (2 * MemoryLayout<TokenScore?>.stride + kept))
    }
}

/// How well a model predicts a text, and how far it is from a reference.
public struct EvaluationResult: Sendable {
    /// The name of the text in reports.
    public let name: String
    /// The negative log-likelihood of the scored tokens, in nats per token.
    public let loss: MeanWithError
    /// The negative log-likelihood of the scored tokens, in nats per character of their text.
    public let lossPerCharacter: MeanWithError
    /// The negative log-likelihood of the scored tokens, in nats per byte of their text.
    public let lossPerByte: MeanWithError
    /// How far the model's predictions are from the reference's; nil without a reference.
    public let divergence: Divergence?
    /// The comparison with the reference for every scored token, in the text's order; empty without a reference.
    public let comparisons: [LogitComparison]
    /// The number of tokens that were scored.
    public let scoredTokenCount: Int
    /// The number of windows that were scored.
    public let windowCount: Int
    /// The number of tokens of the whole text, BOS included; nil if only its beginning was tokenized, since no more of it was
    /// scored.
    public let tokenCount: Int?
    /// The size of the whole text in bytes of UTF-8.
    public let byteCount: Int
    /// The size of the whole text in Unicode scalars.
    public let characterCount: Int

    /// The perplexity per token, e to the power of ``loss``; its error is by the delta method.
    public var perplexity: MeanWithError { loss.exponential }
    /// The perplexity per character, e to the power of ``lossPerCharacter``, which models with different tokenizers can
    /// be compared by.
    public var perplexityPerCharacter: MeanWithError { lossPerCharacter.exponential }
    /// The perplexity per byte, e to the power of ``lossPerByte``, which models with different tokenizers can be
    /// compared by.
    public var perplexityPerByte: MeanWithError { lossPerByte.exponential }
}
