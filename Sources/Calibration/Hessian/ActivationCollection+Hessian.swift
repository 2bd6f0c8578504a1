import ErrorFeedback
import Evaluation
import Hessians
import Importance
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Tokenizers

extension ActivationCollection {
    /// Shows a collector of second moments the inputs of all windows, and collects importance beside it.
    ///
    /// The windows are one batch, whatever their number: each site comes once.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - windows: The windows of the texts; they do not slide.
    ///   - texts: The texts, which the importance matrix names.
    ///   - collector: Receives the inputs of all windows.
    ///   - layerEnd: Called when a layer's sites have come, and after the output's.
    ///   - progress: Called with the finished share of the work.
    /// - Returns: the importance matrix of the same windows.
    /// - Throws: `EvaluationError` if a sum is not finite; errors of reading the model, and those of `layerEnd`.
    public func hessian(
        _ pass: ForwardPass, windows: [EvaluationWindow], texts: [EvaluationText], collector: HessianCollector,
        layerEnd: @escaping () throws -> Void,
        progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) throws -> ImportanceMatrix {
        try hessian(pass, windows: windows, texts: texts, collector: collector, ImportanceCollector()) { _, _ in
            try layerEnd()
        } progress: {
            progress($0)
        }
    }

    /// Collects second moments into a spool, and importance beside them.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - windows: The windows of the texts; they do not slide.
    ///   - texts: The texts, which the importance matrix names.
    ///   - blocks: How wide inputs are cut.
    ///   - parallel: The threads that multiply.
    ///   - spool: Receives each layer, and has what an earlier run has come to.
    ///   - progress: Called with the finished share of the work.
    /// - Returns: the importance matrix of the same windows.
    /// - Throws: `EvaluationError` if a sum is not finite; errors of reading the model, and of keeping what is done.
    package func hessian(
        _ pass: ForwardPass, windows: [EvaluationWindow], texts: [EvaluationText], blocks: ColumnBlocks,
        parallel: Parallel, spool: HessianSpool, progress: @escaping @Sendable (Double) -> Void
    ) throws -> ImportanceMatrix {
        let wanted = Set(HessianSite.all(of: pass.plan, blocks).map(\.site))
        let collector = HessianCollector(
            parallel: parallel, observes: wanted.contains, blocks: blocks.ranges, receive: spool.receive)
        let importance = ImportanceCollector()
        let found = try spool.load(rowCount: windows.reduce(0) { $0 + $1.tokens.count }, pass, importance)
        return try hessian(
            pass, windows: windows, texts: texts, collector: collector, importance, from: found
        ) { layer, hidden in
            guard layer >= 0 else { return }
            try spool.endLayer(layer)
            if layer < pass.plan.layerCount { try spool.keep(hidden, layer: layer, importance) }
        } progress: {
            progress($0)
        }
    }

    /// - Parameter layerEnd: called after the embedding, which is layer −1, each layer, and the output, which is the last
    ///   layer's successor.
    private func hessian(
        _ pass: ForwardPass, windows: [EvaluationWindow], texts: [EvaluationText], collector: HessianCollector,
        _ importance: ImportanceCollector, from start: (layer: Int, hidden: HiddenStates)? = nil,
        layerEnd: @escaping (_ layer: Int, _ hidden: HiddenStates) throws -> Void,
        progress: @escaping (Double) -> Void
    ) throws -> ImportanceMatrix {
        let layerCount = pass.plan.layerCount
        let hidden = try pass.run(
            windows.map(\.tokens), from: start, observer: ObserverPair(first: collector, second: importance)
        ) { layer, hidden in
            progress(Double(layer + 1) / Double(layerCount + 1))
            try layerEnd(layer, hidden)
        }
        try pass.observeOutput(
            of: hidden, includesOutput ? ObserverPair(first: collector, second: importance) : collector)
        try layerEnd(layerCount, hidden)
        return ImportanceMatrix(
            entries: try importance.entries(plan: pass.plan), datasets: texts.map(\.name), chunkCount: windows.count,
            chunkSize: cut.context)
    }

    /// The memory of a collection of second moments.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - size: The size of all windows together.
    ///   - greatestWidth: The most columns of a site whose products are summed.
    /// - Returns: what each window needs, all of them as long as the longest, and what is needed beside the windows.
    package static func hessianWorkingSet(
        _ pass: ForwardPass, _ size: BatchSize, greatestWidth: Int
    ) -> (window: WorkingSet, fixed: WorkingSet) {
        let tokenCount = size.longestSequence
        return (
            pass.stateWorkingSet(tokenCount: tokenCount)
                + HessianCollector.inputWorkingSet(pass.plan, tokenCount: tokenCount),
            pass.workingSet(size) + MomentProduct.workingSet(columns: greatestWidth)
                + ImportanceCollector.workingSet(pass.plan)
        )
    }
}

/// Two that see the same inputs.
private struct ObserverPair: ActivationObserver {
    let first: any ActivationObserver
    let second: any ActivationObserver

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        first.observe(rows, of: site, piece: piece)
        second.observe(rows, of: site, piece: piece)
    }

    func endStage() {
        first.endStage()
        second.endStage()
    }
}
