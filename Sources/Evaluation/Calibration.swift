import Importance
import Runtime
import Tokenization

/// Collects an importance matrix over texts, in windows as llama-imatrix cuts them.
public struct Calibration: Sendable {
    public var cut: WindowCut
    /// Whether the output matrix's inputs are collected too.
    public var includesOutput: Bool

    public init(cut: WindowCut = WindowCut(), includesOutput: Bool = false) {
        self.cut = cut
        self.includesOutput = includesOutput
    }

    /// - Parameters:
    ///   - snapshot: called with what has been collected after each batch but the last.
    ///   - progress: called with the finished share of the work.
    public func importance(
        _ pass: ForwardPass, tokenizer: Tokenizer, texts: [EvaluationText],
        snapshot: (ImportanceMatrix) throws -> Void = { _ in },
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> ImportanceMatrix {
        try cut.check(contextLimit: pass.plan.contextLength)
        let windows = try texts.flatMap { try TokenWindows($0, tokenizer: tokenizer, cut: cut).windows }
        let collector = ImportanceCollector()
        let batches = WindowBatches(windows: windows, passes: [pass], progress: progress)
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
