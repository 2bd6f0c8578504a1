import ErrorFeedback
import Evaluation
import Importance
import ModelArchitecture
import Numerics
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
        let layers = Double(pass.plan.layerCount + 1)
        let hidden = try pass.run(
            windows.map(\.tokens), observer: ObserverPair(first: collector, second: importance)
        ) { layer, _ in
            progress(Double(layer + 1) / layers)
            try layerEnd()
        }
        try pass.observeOutput(
            of: hidden, includesOutput ? ObserverPair(first: collector, second: importance) : collector)
        try layerEnd()
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
