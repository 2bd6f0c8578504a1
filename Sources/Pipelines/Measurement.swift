import Evaluation
import TensorCore

/// Measures a model's perplexity on texts.
public struct Measurement: Sendable {
    public var evaluation: PerplexityEvaluation
    public var parallel: Parallel

    public init(evaluation: PerplexityEvaluation, parallel: Parallel) {
        self.evaluation = evaluation
        self.parallel = parallel
    }

    /// - Returns: one result for each text.
    public func run(
        _ model: Model, texts: [EvaluationText], progress: @escaping ProgressHandler
    ) throws -> [PerplexityResult] {
        guard !texts.isEmpty else { throw PipelineError(.noTexts) }
        progress(.stage("evaluating \(model.name)"))
        return try model.namingFile {
            try evaluation.run(model.forwardPass(parallel), tokenizer: model.tokenizer, texts: texts) {
                progress(.fraction($0))
            }
        }
    }
}
