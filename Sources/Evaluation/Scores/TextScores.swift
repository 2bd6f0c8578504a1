import Runtime

/// What models give to the scored tokens of a text.
public struct TextScores: Sendable {
    public let name: String
    /// Of the whole text, BOS included.
    public let tokenCount: Int
    public let byteCount: Int
    public let characterCount: Int
    /// In the text's order.
    public internal(set) var windows: [WindowScores] = []

    /// What a model's scores come to.
    ///
    /// - Throws: ``EvaluationError`` if the mean log-likelihood is not finite.
    public func result(ofModel model: Int) throws -> EvaluationResult {
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

/// What models give to the scored tokens of one window.
public struct WindowScores: Sendable {
    /// The window's place in its text.
    public let number: Int
    /// Of each scored token's text.
    public let byteCounts: [Int]
    public let characterCounts: [Int]
    /// One list for each model.
    public let scores: [[TokenScore]]
}

extension WindowScores {
    init(_ window: EvaluationWindow, scores: [[TokenScore]], lengths: TokenLengths) {
        let tokens = window.tokens[window.scored]
        self.init(
            number: window.number, byteCounts: tokens.map(lengths.byteCount),
            characterCounts: tokens.map(lengths.characterCount), scores: scores)
    }
}

/// What a model gives to one token.
public struct TokenScore: Sendable, Hashable {
    /// Natural logarithm.
    public let logProbability: Double
    /// Its prediction beside the reference's, if there is one.
    public let comparison: LogitComparison?
}

/// How well a model predicts a text, and how far it is from a reference.
public struct EvaluationResult: Sendable {
    public let name: String
    /// Negative log-likelihood of the scored tokens, in nats per token.
    public let loss: MeanWithError
    /// The same in nats per character and per byte of the scored tokens' text.
    public let lossPerCharacter: MeanWithError
    public let lossPerByte: MeanWithError
    public let divergence: Divergence?
    /// Of the scored tokens, in the text's order; none without a reference.
    public let comparisons: [LogitComparison]
    public let scoredTokenCount: Int
    public let windowCount: Int
    /// Tokens of the whole text, BOS included.
    public let tokenCount: Int
    public let byteCount: Int
    public let characterCount: Int

    /// Per token; its error is by the delta method.
    public var perplexity: MeanWithError { loss.exponential }
    public var perplexityPerCharacter: MeanWithError { lossPerCharacter.exponential }
    public var perplexityPerByte: MeanWithError { lossPerByte.exponential }
}
