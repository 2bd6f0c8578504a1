import ModelArchitecture
import Numerics

extension ForwardPass {
    /// What the logits are computed from.
    var outputMatrix: WeightMatrix { weights[plan.tiesOutputToEmbedding ? .tokenEmbedding : .output] }

    /// The memory of ``finalStates(of:in:)`` of `rowCount` rows.
    package func finalStateWorkingSet(rowCount: Int) -> WorkingSet {
        HiddenStates.workingSet("final states", rowCount: rowCount, columns: plan.embeddingLength)
    }

    /// The memory of the logits of `rowCount` rows, as few at a time as ``Predictions`` computes.
    package func logitWorkingSet(rowCount: Int) -> WorkingSet {
        LogitPanel.workingSet(self, rowLimit: min(rowCount, Predictions.groupLengths.least), keepsWeights: false)
    }

    /// The rows of a residual stream at some row numbers after the final norm, one after the other.
    public func finalStates(of rows: [Int], in hidden: HiddenStates) throws -> HiddenStates {
        let norm = try Self.naming(path) { try self.norm(.outputNorm) }
        let states = HiddenStates(rowCount: rows.count, columns: plan.embeddingLength)
        for (position, row) in rows.enumerated() {
            norm.apply(to: hidden, rows: row..<row + 1, into: states.row(position))
        }
        return states
    }

    /// Shows an observer the inputs of the output matrix, the rows of a residual stream after the final norm, without
    /// multiplying them.
    public func observeOutput(of hidden: HiddenStates, _ observer: any ActivationObserver) throws {
        let norm = try Self.naming(path) { try self.norm(.outputNorm) }
        let width = plan.embeddingLength
        try engine.forEachRange(hidden.rowCount, length: HiddenStates.panelLength) { [plan] rows, scratch in
            let normalized = scratch.floats(.states, rows.count * width)
            norm.apply(to: hidden, rows: rows, into: normalized)
            observer.observe(
                ActivationRows(normalized, count: rows.count, columns: width),
                of: ActivationSite(layer: plan.layerCount, input: .output, expert: 0),
                piece: rows.lowerBound / HiddenStates.panelLength)
        }
        observer.endStage()
    }

    /// Computes the logits of some rows and hands each row to `body`, from several threads.
    ///
    /// - Parameters:
    ///   - rows: the numbers of the rows.
    ///   - hidden: the residual stream after the last layer.
    ///   - body: receives the position in `rows` and the `vocabularySize` logits, valid during the call.
    /// - Throws: `ErrorInFile` with a ``RuntimeError`` if the logits cannot be computed, and the errors of `body`.
    public func logits(
        of rows: [Int], in hidden: HiddenStates,
        _ body: @Sendable (_ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let predictions = Predictions([(self, try finalStates(of: rows, in: hidden))])
        try predictions.forEachRow { position, logits in try body(position, logits[0]) }
    }
}
