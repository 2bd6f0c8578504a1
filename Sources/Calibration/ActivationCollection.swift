import Evaluation
import Importance
import Runtime
import Tokenizers

/// Collects what a model's matrices get when texts run through it, in windows as llama-imatrix cuts them.
public struct ActivationCollection: Sendable {
    /// How texts are cut into windows.
    public var cut: WindowCut
    /// Whether the output matrix's inputs are collected too.
    public var includesOutput: Bool

    /// A collection over windows of texts.
    ///
    /// - Parameters:
    ///   - cut: How texts are cut into windows.
    ///   - includesOutput: Whether the output matrix's inputs are collected too.
    public init(cut: WindowCut = WindowCut(), includesOutput: Bool = false) {
        self.cut = cut
        self.includesOutput = includesOutput
    }

    /// Collects an importance matrix: of every matrix the sums of its inputs' squares, per column and expert.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - tokenizer: The model's tokenizer.
    ///   - texts: The texts, whose windows follow each other.
    ///   - snapshot: Called with what has been collected after each batch but the last.
    ///   - progress: Called with the finished share of the work.
    /// - Throws: `EvaluationError` if a text has no window, if windows are longer than the model's context, or if a sum is
    ///   not finite; errors of reading the model, and those of `snapshot`.
    public func importance(
        _ pass: ForwardPass, tokenizer: Tokenizer, texts: [EvaluationText],
        snapshot: (ImportanceMatrix) throws -> Void = { _ in },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> ImportanceMatrix {
        try cut.check(contextLimit: pass.plan.contextLength)
        let windows = try texts.flatMap { try TokenWindows($0, tokenizer: tokenizer, cut: cut).windows }
        let collector = ImportanceCollector()
        let batches = WindowBatches(
            windows: windows, passes: [pass], beside: ImportanceCollector.workingSet(pass.plan), progress: progress)
        func matrix(windowCount: Int) throws -> ImportanceMatrix {
            ImportanceMatrix(
                entries: try collector.entries(plan: pass.plan), datasets: texts.map(\.name), chunkCount: windowCount,
                chunkSize: cut.context)
        }
        try batches.forEach { range in
            let hidden = try batches.run(range, through: 0, observer: collector)
            if includesOutput { try pass.observeOutput(of: hidden, collector) }
            if range.upperBound < windows.count { try snapshot(matrix(windowCount: range.upperBound)) }
        }
        return try matrix(windowCount: windows.count)
    }
}
