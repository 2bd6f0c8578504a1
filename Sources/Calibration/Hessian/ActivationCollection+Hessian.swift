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
        let importance = ImportanceCollector()
        try show(pass, windows: windows, to: collector, importance) { _, _ in
            try layerEnd()
        } progress: {
            progress($0)
        }
        return try matrix(importance, pass.plan, texts: texts, windowCount: windows.count)
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
        let share = HessianShare(of: pass.plan)
        return try matrix(
            collect(
                share, pass, windows: windows, blocks: blocks, parallel: parallel, spool: spool, progress: progress),
            pass.plan, texts: texts, windowCount: windows.count)
    }

    /// Collects the second moments of some sites into a spool.
    ///
    /// - Returns: the sums of importance of the same inputs.
    func collect(
        _ share: HessianShare, _ pass: ForwardPass, windows: [EvaluationWindow], blocks: ColumnBlocks,
        parallel: Parallel, spool: HessianSpool, progress: @escaping @Sendable (Double) -> Void
    ) throws -> ImportanceCollector {
        let collector = HessianCollector(
            parallel: parallel, observes: share.sites.contains, blocks: blocks.ranges, receive: spool.receive)
        let importance = ImportanceCollector()
        let found = try spool.load(rowCount: windows.reduce(0) { $0 + $1.tokens.count }, pass, importance)
        let observer = SiteObserver(observer: importance, observes: share.hasImportance)
        try show(pass, windows: windows, to: collector, observer, share, from: found) { layer, hidden in
            guard layer >= 0 else { return }
            try spool.endLayer(layer)
            if layer < pass.plan.layerCount { try spool.keep(hidden, layer: layer, importance) }
        } progress: {
            progress($0)
        }
        return importance
    }

    /// - Parameters:
    ///   - share: How far the model is run; nil for all of it.
    ///   - layerEnd: called after the embedding, which is layer −1, each layer, and the output, which is the last layer's
    ///     successor.
    private func show(
        _ pass: ForwardPass, windows: [EvaluationWindow], to collector: HessianCollector,
        _ importance: any ActivationObserver, _ share: HessianShare? = nil,
        from start: (layer: Int, hidden: HiddenStates)? = nil,
        layerEnd: @escaping (_ layer: Int, _ hidden: HiddenStates) throws -> Void,
        progress: @escaping (Double) -> Void
    ) throws {
        let layerCount = share?.layerCount ?? pass.plan.layerCount
        let both = ObserverPair(first: collector, second: importance)
        let hidden = try pass.run(windows.map(\.tokens), from: start, until: layerCount, observer: both) {
            layer, hidden in
            progress(Double(layer + 1) / Double(layerCount + 1))
            try layerEnd(layer, hidden)
        }
        guard share?.hasOutput ?? true else { return }
        try pass.observeOutput(of: hidden, includesOutput ? both : collector)
        try layerEnd(pass.plan.layerCount, hidden)
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

/// One that sees the inputs of some sites.
private struct SiteObserver: ActivationObserver {
    let observer: any ActivationObserver
    let observes: @Sendable (ActivationSite) -> Bool

    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int) {
        if observes(site) { observer.observe(rows, of: site, piece: piece) }
    }

    func endStage() { observer.endStage() }
}
