import ModelArchitecture
import Numerics

extension ForwardPass {
    /// What the logits are computed from.
    var outputMatrix: WeightMatrix { weights[plan.tiesOutputToEmbedding ? .tokenEmbedding : .output] }

    /// The values of some rows after the final norm, as rows of their own.
    public func finalStates(of rows: [Int], in hidden: HiddenStates) throws -> HiddenStates {
        let norm = try Self.naming(path) { try vector(.outputNorm) }
        let states = HiddenStates(rowCount: rows.count, columns: plan.embeddingLength, isPadded: true)
        for (position, row) in rows.enumerated() {
            VectorMath.rmsNorm(
                hidden.row(row), weight: norm.base, plan.embeddingLength, epsilon: plan.normEpsilon,
                into: states.row(position))
        }
        return states
    }

    /// Shows an observer what the output matrix would be multiplied with.
    public func observeOutput(of hidden: HiddenStates, _ observer: any ActivationObserver) throws {
        let norm = try Self.naming(path) { try vector(.outputNorm) }
        let width = plan.embeddingLength
        try engine.parallel.forEachRange(hidden.rowCount, length: Self.panelLength) { [engine, plan] rows, worker in
            let normalized = engine.workers[worker].floats(.normalized, rows.count * width)
            for (position, row) in rows.enumerated() {
                VectorMath.rmsNorm(
                    hidden.row(row), weight: norm.base, width, epsilon: plan.normEpsilon,
                    into: normalized + position * width)
            }
            observer.observe(
                ActivationRows(normalized, count: rows.count, columns: width),
                of: ActivationSite(layer: plan.layerCount, input: .output, expert: 0),
                piece: rows.lowerBound / Self.panelLength)
        }
        observer.endStage()
    }

    /// Computes the logits of some rows and hands each row to `body`, from several threads.
    ///
    /// - Parameter body: receives the position in `rows` and the `vocabularySize` logits, valid during the call.
    public func logits(
        of rows: [Int], in hidden: HiddenStates,
        _ body: @Sendable (_ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let predictions = Predictions([(self, try finalStates(of: rows, in: hidden))])
        try predictions.forEachRow { position, logits in try body(position, logits[0]) }
    }
}
