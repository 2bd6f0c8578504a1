import Evaluation
import Runtime
import TensorCore

/// Measures models on texts.
public struct Measurement: Sendable {
    public var cut: WindowCut
    public var parallel: Parallel
    /// What the process may use.
    public var memory: MemoryBudget

    public init(cut: WindowCut = WindowCut(), parallel: Parallel, memory: MemoryBudget = .available) {
        self.cut = cut
        self.parallel = parallel
        self.memory = memory
    }

    /// Measures models, and how far their predictions are from a reference's.
    ///
    /// - Parameter reference: the model that the others are compared with, if they are.
    /// - Returns: one result for each text, of the reference and of each model.
    public func run(
        _ models: [Model], reference: Model? = nil, texts: [EvaluationText], progress: @escaping ProgressHandler
    ) throws -> (reference: [EvaluationResult], models: [[EvaluationResult]]) {
        guard !texts.isEmpty else { throw PipelineError(.noTexts) }
        if let reference {
            for model in models where !model.sharesTokens(with: reference) {
                throw PipelineError(.otherTokens(than: reference.path), file: model.path)
            }
        }
        let all = (reference.map { [$0] } ?? []) + models
        let names = models.map(\.name).joined(separator: ", ")
        progress(.stage("evaluating \(names)" + (reference.map { " beside \($0.name)" } ?? "")))
        let tokenizer = all[0].tokenizer
        try cut.check(contextLimit: all.map(\.plan.contextLength).min()!)
        let windows = try texts.map { try TokenWindows($0, tokenizer: tokenizer, cut: cut) }
        let passes = try all.map { try $0.forwardPass(parallel, memory: memory) }
        let scores = try ModelEvaluation()
            .run(passes, reference: reference == nil ? .none : .firstModel, tokenizer: tokenizer, texts: windows) {
                progress(.fraction($0))
            }
        for (model, pass) in zip(all, passes) { progress(.times(model: model.name, pass.times)) }
        let results = try all.indices.map { model in try scores.map { try $0.result(ofModel: model) } }
        return reference == nil ? ([], results) : (results[0], Array(results.dropFirst()))
    }
}

extension Model {
    /// Whether token ids mean the same in both models, so that their predictions can be compared.
    public func sharesTokens(with other: Model) -> Bool {
        tokenizer.vocabulary.pieces == other.tokenizer.vocabulary.pieces
            && plan.vocabularySize == other.plan.vocabularySize
    }
}
