import Numerics

/// The logits of a bounded number of rows by one model.
final class LogitPanel: @unchecked Sendable {
    private let pass: ForwardPass
    private let output: WeightMatrix
    private let logits: HiddenStates

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
            ScratchSpace.workingSet([.decoded: min(length, matrix.rows) * matrix.columns])
            + matrix.decodingWorkingSet(rowCount: length) + ScratchSpace.productWorkingSet(rowCount: rowLimit)
        return HiddenStates.workingSet("logits", rowCount: rowLimit, columns: matrix.rows)
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
        let width = pass.plan.embeddingLength
        let isSmall = states.rowCount <= Projection.piecewiseRowLimit
        let panelLength = isSmall ? output.rowsPerPiece : Self.vocabularyPanelLength
        try pass.engine.forEachRange(output.rows, length: panelLength) { [self] range, scratch in
            let weights = scratch.floats(.decoded, range.count * width)
            try output.decode(rows: range, into: weights, scratch: scratch)
            scratch.time(.multiply) {
                RowProducts.multiply(
                    states.row(rows.lowerBound), rowCount: rows.count, with: weights, outputs: range.count,
                    columns: width, into: logits.row(0) + range.lowerBound, stride: output.rows,
                    room: scratch.productRoom(rowCount: rows.count))
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
