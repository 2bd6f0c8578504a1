import Evaluation
import Importance
import ModelArchitecture
import Runtime
import Tokenization

extension ActivationCollection {
    /// Shows a collector of second moments the inputs of all windows, and collects importance beside it.
    ///
    /// The windows are one batch, whatever their number: each site comes once. What memory a token takes,
    /// ``hessianByteCountPerToken(_:)`` says.
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

    /// Bytes that the states of each token take on the way, and the inputs of one stage.
    ///
    /// - Parameter pass: The model.
    public static func hessianByteCountPerToken(_ pass: ForwardPass) -> Int {
        let plan = pass.plan
        func width(_ role: TensorRole) -> Int { plan.dimensions(of: role)[0] }
        let inputs = [
            width(.attentionQuery) + width(.attentionOutput), width(.feedForwardGate) + width(.feedForwardDown),
            width(.expertsGate) + width(.expertsDown), width(.sharedGate) + width(.sharedDown),
        ]
        return pass.byteCountPerToken + 4 * inputs.max()!
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
