import ModelArchitecture
import Runtime
import Tokenization

/// How well a model predicts a text.
public struct PerplexityResult: Sendable {
    public let name: String
    /// Mean negative log-likelihood of the scored tokens, in nats.
    public let meanNegativeLogLikelihood: Double
    /// Standard error of that mean.
    public let standardError: Double
    public let scoredTokenCount: Int
    public let windowCount: Int
    /// Tokens of the whole text, BOS included.
    public let tokenCount: Int
    public let byteCount: Int
    public let characterCount: Int

    public var perplexity: Double { meanNegativeLogLikelihood.exponential }

    /// Standard error of the perplexity, by the delta method.
    public var perplexityError: Double { perplexity * standardError }

    /// - Parameter losses: negative log-likelihoods of the scored tokens, in text order.
    init(text: TokenWindows, losses: ArraySlice<Double>) throws {
        let count = Double(losses.count)
        let mean = losses.reduce(0, +) / count
        let squares = losses.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        guard mean.isFinite else { throw EvaluationError(.nonFiniteResult, file: text.name) }
        name = text.name
        meanNegativeLogLikelihood = mean
        standardError = losses.count > 1 ? (squares / count / (count - 1)).squareRoot() : 0
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

    /// Positions whose next token is scored.
    private var scoredPositions: Range<Int> { context / 2..<context - 1 }

    /// - Parameter progress: called with the finished share of the work.
    /// - Returns: one result for each text.
    public func run(
        _ pass: ForwardPass, tokenizer: Tokenizer, texts: [EvaluationText],
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> [PerplexityResult] {
        try TokenWindows.check(context: context, limit: pass.plan.contextLength)
        let cut = try texts.map {
            try TokenWindows($0, tokenizer: tokenizer, context: context, limit: windowLimit)
        }
        let windows = cut.flatMap(\.windows)
        let positions = Array(scoredPositions)
        let losses = LossTable(count: windows.count * positions.count)
        try WindowBatches(pass: pass, windows: windows, progress: progress).forEach { range, hidden in
            let rows = range.indices.flatMap { window in
                positions.map { (window - range.lowerBound) * context + $0 }
            }
            let first = range.lowerBound * positions.count
            try pass.logits(of: rows, in: hidden) { position, logits in
                let (window, place) = (first + position).quotientAndRemainder(dividingBy: positions.count)
                let target = windows[window][positions[place] + 1]
                losses[first + position] = -LogProbability.of(target, logits: logits)
            }
        }
        var start = 0
        return try cut.map { text in
            let count = text.windows.count * positions.count
            defer { start += count }
            return try PerplexityResult(text: text, losses: losses.values[start..<start + count])
        }
    }
}
