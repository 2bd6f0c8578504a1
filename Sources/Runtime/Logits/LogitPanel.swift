import Numerics

/// The logits of a bounded number of rows by one model.
final class LogitPanel: @unchecked Sendable {
    private let pass: ForwardPass
    private let output: WeightMatrix
    private let logits: HiddenStates
    /// The rows of states that are multiplied, where that needs another form.
    private var rounded: FloatBuffer?

    /// Vocabulary rows that many inputs are multiplied with at a time.
    private static let vocabularyPanelLength = 512

    /// The memory of a panel, and of the threads that compute it.
    ///
    /// - Parameters:
    ///   - pass: the model.
    ///   - rowLimit: the most rows that it computes at a time.
    ///   - keepsWeights: whether the output matrix stays in memory.
    static func workingSet(_ pass: ForwardPass, rowLimit: Int, keepsWeights: Bool) -> WorkingSet {
        let matrix = pass.outputMatrix
        let length = max(vocabularyPanelLength, matrix.rowsPerPiece)
        let thread =
            ScratchSpace.workingSet([.weights: matrix.form.weightCount(rowCount: min(length, matrix.rows))])
            + matrix.preparingWorkingSet(rowCount: length) + matrix.form.productWorkingSet(rowCount: rowLimit)
        return HiddenStates.workingSet("logits", rowCount: rowLimit, columns: matrix.rows)
            + WorkingSet("rounded states", floatCount: matrix.form.inputCount(rowCount: rowLimit))
            + WorkingSet("encoded output matrix", byteCount: keepsWeights ? matrix.byteCount : 0)
            + pass.engine.workers.count * thread
    }

    /// - Parameters:
    ///   - rowLimit: the most rows that it computes at a time.
    ///   - keepsWeights: whether the output matrix stays in memory, encoded, for all of them.
    init(_ pass: ForwardPass, rowLimit: Int, keepsWeights: Bool) throws {
        self.pass = pass
        let matrix = pass.outputMatrix
        output = keepsWeights ? try matrix.loaded() : matrix
        logits = HiddenStates(rowCount: rowLimit, columns: output.rows)
    }

    /// Computes the logits of some rows of normalized states.
    func compute(_ rows: Range<Int>, of states: HiddenStates) throws {
        try ForwardPass.naming(pass.path) { try computeUnnamed(rows, of: states) }
    }

    private func computeUnnamed(_ rows: Range<Int>, of states: HiddenStates) throws {
        let input = PreparedRows(states.row(rows.lowerBound), rowCount: rows.count, output.form) { count in
            let buffer = rounded ?? FloatBuffer(count: output.form.inputCount(rowCount: logits.rowCount))
            rounded = buffer
            return buffer
        }
        let isSmall = states.rowCount <= Projection.piecewiseRowLimit
        let panelLength = isSmall ? output.rowsPerPiece : Self.vocabularyPanelLength
        try pass.engine.forEachRange(output.rows, length: panelLength) { [self] range, scratch in
            let weights = PreparedWeights(
                output.form, scratch.buffer(.weights, output.form.weightCount(rowCount: range.count)))
            try output.prepare(rows: range, in: weights, scratch: scratch)
            scratch.time(.multiply) {
                weights.multiply(
                    input, outputs: range.count, into: logits.row(0) + range.lowerBound, stride: output.rows,
                    scratch: scratch)
            }
        }
        if let row = (0..<rows.count).first(where: { !logits.isFinite(row: $0) }) {
            throw RuntimeError(.nonFiniteActivation, place: "\(output.name), token \(rows.lowerBound + row)")
        }
    }

    /// The logits of a row of those computed last.
    func row(_ position: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: logits.row(position), count: output.rows)
    }
}
