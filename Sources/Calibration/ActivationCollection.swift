import Evaluation
import Importance
import ModelArchitecture
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
        try importance(
            pass, windows: windows(of: texts, tokenizer, contextLimit: pass.plan.contextLength), texts: texts,
            spool: nil, snapshot: snapshot, progress: progress)
    }

    /// Collects an importance matrix of windows, and keeps what it has come to.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - windows: The windows of all texts.
    ///   - texts: The texts, which the matrix names.
    ///   - spool: Where finished work is kept and found again.
    ///   - snapshot: Called with what has been collected after each batch but the last.
    ///   - progress: Called with the finished share of the work.
    package func importance(
        _ pass: ForwardPass, windows: [EvaluationWindow], texts: [EvaluationText], spool: ImportanceSpool?,
        snapshot: (ImportanceMatrix) throws -> Void, progress: @escaping @Sendable (Double) -> Void
    ) throws -> ImportanceMatrix {
        let collector = ImportanceCollector()
        func matrix(windowCount: Int) throws -> ImportanceMatrix {
            try self.matrix(collector, pass.plan, texts: texts, windowCount: windowCount)
        }
        try collect(
            pass, windows: windows, into: collector, spool: spool, snapshot: { try snapshot(matrix(windowCount: $0)) },
            progress: progress)
        return try matrix(windowCount: windows.count)
    }

    /// What a collector has come to.
    func matrix(
        _ collector: ImportanceCollector, _ plan: DecoderPlan, texts: [EvaluationText], windowCount: Int
    ) throws -> ImportanceMatrix {
        ImportanceMatrix(
            entries: try collector.entries(plan: plan), datasets: texts.map(\.name), chunkCount: windowCount,
            chunkSize: cut.context)
    }

    /// Shows windows to a collector.
    ///
    /// - Parameter snapshot: Called after each batch but the last with the number of windows that have been collected.
    func collect(
        _ pass: ForwardPass, windows: [EvaluationWindow], into collector: ImportanceCollector, spool: ImportanceSpool?,
        snapshot: (Int) throws -> Void, progress: @escaping @Sendable (Double) -> Void
    ) throws {
        let batches = WindowBatches(
            windows: windows, passes: [pass], beside: ImportanceCollector.workingSet(pass.plan), progress: progress)
        let found = try spool?.load(collector, batches, plan: pass.plan)
        try batches.forEach(from: found?.windowCount ?? 0, room: found?.room) { range in
            let states = spool?.states(of: range, windows[range], pass, collector)
            let hidden = try batches.run(range, through: 0, observer: collector, states: states)
            if includesOutput { try pass.observeOutput(of: hidden, collector) }
            try spool?.keep(collector, windowCount: range.upperBound)
            states?.remove()
            if range.upperBound < windows.count { try snapshot(range.upperBound) }
        }
    }

    /// The windows of all texts.
    ///
    /// - Throws: `EvaluationError` if a text has no window, or if windows are longer than the model's context.
    package func windows(
        of texts: [EvaluationText], _ tokenizer: Tokenizer, contextLimit: Int
    ) throws -> [EvaluationWindow] {
        try cut.check(contextLimit: contextLimit)
        return try texts.flatMap { try TokenWindows.windows(of: $0, tokenizer: tokenizer, cut: cut) }
    }
}
