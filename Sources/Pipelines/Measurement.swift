import Evaluation
import TensorCore

/// Measures models on texts.
public struct Measurement: Sendable {
    public var evaluation: PerplexityEvaluation
    public var parallel: Parallel

    public init(evaluation: PerplexityEvaluation, parallel: Parallel) {
        self.evaluation = evaluation
        self.parallel = parallel
    }

    /// Measures a model's perplexity.
    ///
    /// - Returns: one result for each text.
    public func run(
        _ model: Model, texts: [EvaluationText], progress: @escaping ProgressHandler
    ) throws -> [PerplexityResult] {
        guard !texts.isEmpty else { throw PipelineError(.noTexts) }
        progress(.stage("evaluating \(model.name)"))
        return try evaluation.run(model.forwardPass(parallel), tokenizer: model.tokenizer, texts: texts) {
            progress(.fraction($0))
        }
    }

    /// Measures models and how far their predictions are from a reference's.
    ///
    /// - Returns: one result for each text, of the reference and of each candidate.
    public func run(
        _ candidates: [Model], reference: Model, texts: [EvaluationText], progress: @escaping ProgressHandler
    ) throws -> (reference: [PerplexityResult], candidates: [[ModelComparison.Result]]) {
        guard !texts.isEmpty else { throw PipelineError(.noTexts) }
        for model in candidates {
            guard model.sharesTokens(with: reference) else {
                throw PipelineError(.otherTokens(than: reference.path), file: model.path)
            }
        }
        let names = candidates.map(\.name).joined(separator: ", ")
        progress(.stage("evaluating \(names) beside \(reference.name)"))
        return try ModelComparison(evaluation)
            .run(
                reference: reference.forwardPass(parallel), candidates: candidates.map { try $0.forwardPass(parallel) },
                tokenizer: reference.tokenizer, texts: texts
            ) { progress(.fraction($0)) }
    }
}

extension Model {
    /// Whether token ids mean the same in both models, so that their predictions can be compared.
    public func sharesTokens(with other: Model) -> Bool {
        tokenizer.vocabulary.pieces == other.tokenizer.vocabulary.pieces
            && plan.vocabularySize == other.plan.vocabularySize
    }
}
