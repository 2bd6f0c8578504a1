import ModelArchitecture
import Runtime
import Tokenization

/// How well a model predicts a text.
public struct PerplexityResult: Sendable {
    public let name: String
    /// Negative log-likelihood of the scored tokens, in nats.
    public let loss: MeanWithError
    public let scoredTokenCount: Int
    public let windowCount: Int
    /// Tokens of the whole text, BOS included.
    public let tokenCount: Int
    public let byteCount: Int
    public let characterCount: Int

    public var perplexity: Double { loss.mean.exponential }

    /// Standard error of the perplexity, by the delta method.
    public var perplexityError: Double { perplexity * loss.error }

    /// - Parameter losses: negative log-likelihoods of the scored tokens, in text order.
    init(text: TokenWindows, losses: ArraySlice<Double>) throws {
        loss = MeanWithError(losses)
        guard loss.mean.isFinite else { throw EvaluationError(.nonFiniteResult, file: text.name) }
        name = text.name
        scoredTokenCount = losses.count
        windowCount = text.windows.count
        tokenCount = text.tokenCount
        byteCount = text.byteCount
        characterCount = text.characterCount
    }
}

/// Perplexity by llama.cpp's protocol: in each window the second half is scored, the first is context.
public struct PerplexityEvaluation: Sendable {
    /// Tokens per window.
    public let context: Int
    /// The most windows taken from each text.
    public let windowLimit: Int?

    public init(context: Int = 512, windowLimit: Int? = nil) {
        self.context = context
        self.windowLimit = windowLimit
    }

    /// - Parameter progress: called with the finished share of the work.
    /// - Returns: one result for each text.
    public func run(
        _ pass: ForwardPass, tokenizer: Tokenizer, texts: [EvaluationText],
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> [PerplexityResult] {
        try ModelComparison(self)
            .run(reference: pass, candidates: [], tokenizer: tokenizer, texts: texts, progress: progress).reference
    }
}
