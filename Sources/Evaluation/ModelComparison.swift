import ModelArchitecture
import Runtime
import TensorCore
import Tokenization

/// Perplexity and KL divergence of models from a reference, evaluated batch by batch beside it: no logits are stored.
public struct ModelComparison: Sendable {
    /// How well a model predicts a text, and how far from the reference.
    public struct Result: Sendable {
        public let perplexity: PerplexityResult
        public let divergence: Divergence
        /// The scored tokens, in text order.
        public let tokens: [LogitComparison]
    }

    public let evaluation: PerplexityEvaluation

    public init(_ evaluation: PerplexityEvaluation) { self.evaluation = evaluation }

    /// - Parameters:
    ///   - candidates: models with the reference's vocabulary.
    ///   - progress: called with the finished share of the work.
    /// - Returns: the reference's result for each text, and each candidate's.
    public func run(
        reference: ForwardPass, candidates: [ForwardPass], tokenizer: Tokenizer, texts: [EvaluationText],
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> (reference: [PerplexityResult], candidates: [[Result]]) {
        for candidate in candidates where candidate.plan.vocabularySize != reference.plan.vocabularySize {
            throw EvaluationError(
                .vocabularyMismatch(
                    size: candidate.plan.vocabularySize, referenceSize: reference.plan.vocabularySize))
        }
        let passes = [reference] + candidates
        let scored = try ScoredWindows(
            texts, tokenizer: tokenizer, context: evaluation.context, windowLimit: evaluation.windowLimit,
            contextLimit: passes.map(\.plan.contextLength).min()!)
        let tables = candidates.map { _ in
            ResultTable<LogitComparison?>(repeating: nil, count: scored.count)
        }
        let losses = ResultTable(repeating: Double.nan, count: scored.count)
        let batches = WindowBatches(
            windows: scored.windows, modelCount: 2, passCount: passes.count, progress: progress)
        let width = passes.map(\.plan.embeddingLength).max()!
        try batches.forEach(embeddingLength: width) { range in
            let rows = scored.rows(windowCount: range.count)
            let first = scored.start(ofWindow: range.lowerBound)
            let referenceHidden = try batches.run(range, through: reference)
            if candidates.isEmpty {
                try reference.logits(of: rows, in: referenceHidden) { position, logits in
                    losses[first + position] = -LogProbability.of(scored.token(first + position), logits: logits)
                }
            }
            for (number, candidate) in candidates.enumerated() {
                let hidden = try batches.run(range, through: candidate, passNumber: number + 1)
                let table = tables[number]
                try candidate.logits(of: rows, in: hidden, beside: reference, rows: rows, in: referenceHidden) {
                    position, logits, referenceLogits in
                    let index = first + position
                    let comparison = LogitComparison(
                        reference: referenceLogits, logits: logits, token: scored.token(index))
                    table[index] = comparison
                    losses[index] = -comparison.referenceLogProbability
                }
            }
        }
        return try (
            scored.perText(losses.values) { try PerplexityResult(text: $0, losses: $1) },
            tables.map { table in
                try scored.perText(table.values.compactMap { $0 }) { text, tokens in
                    Result(
                        perplexity: try PerplexityResult(
                            text: text, losses: ArraySlice(tokens.map { -$0.logProbability })),
                        divergence: Divergence(tokens), tokens: Array(tokens))
                }
            }
        )
    }
}
