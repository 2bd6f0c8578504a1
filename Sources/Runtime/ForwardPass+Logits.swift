import ModelArchitecture
import TensorCore

extension ForwardPass {
    /// Computes the logits of some rows and hands each row to `body`, from several threads.
    ///
    /// - Parameter body: receives the position in `rows` and the `vocabularySize` logits, valid during the call.
    public func logits(
        of rows: [Int], in hidden: HiddenStates,
        _ body: @Sendable (_ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let panel = try LogitPanel(self, rowLimit: rows.count)
        try panel.forEachGroup(of: rows.count) { group in
            try panel.compute(rows[group], in: hidden)
            try engine.parallel.forEach(group.count) { position, _ in
                try body(group.lowerBound + position, panel.row(position))
            }
        }
    }

    /// Computes the logits of some rows by this model and by a reference, and hands each pair of rows to `body`, from
    /// several threads.
    ///
    /// - Parameters:
    ///   - rows: rows of `hidden`.
    ///   - referenceRows: as many rows of `referenceHidden`.
    ///   - body: receives the position in `rows` and the logits, valid during the call.
    public func logits(
        of rows: [Int], in hidden: HiddenStates,
        beside reference: ForwardPass, rows referenceRows: [Int], in referenceHidden: HiddenStates,
        _ body:
            @Sendable (
                _ position: Int, _ logits: UnsafeBufferPointer<Float>, _ reference: UnsafeBufferPointer<Float>
            ) throws -> Void
    ) throws {
        let panel = try LogitPanel(self, rowLimit: rows.count)
        let referencePanel = try LogitPanel(reference, rowLimit: rows.count)
        try panel.forEachGroup(of: rows.count) { group in
            try panel.compute(rows[group], in: hidden)
            try referencePanel.compute(referenceRows[group], in: referenceHidden)
            try engine.parallel.forEach(group.count) { position, _ in
                try body(group.lowerBound + position, panel.row(position), referencePanel.row(position))
            }
        }
    }

    /// The values after the final norm, for comparison with other implementations.
    public func finalNorm(_ hidden: HiddenStates, row: Int) throws -> [Float] {
        let norm = try vector(.outputNorm)
        return [Float](unsafeUninitializedCapacity: plan.embeddingLength) { buffer, count in
            VectorMath.rmsNorm(
                hidden.row(row), weight: norm.base, plan.embeddingLength, epsilon: plan.normEpsilon,
                into: buffer.baseAddress!)
            count = plan.embeddingLength
        }
    }
}

/// The logits of a bounded number of rows.
private final class LogitPanel: @unchecked Sendable {
    private let pass: ForwardPass
    private let output: WeightMatrix
    private let norm: FloatBuffer
    private let groupLength: Int
    private let normalized: HiddenStates
    private let logits: HiddenStates

    /// Bytes of logits held at once.
    private static let byteLimit = 512 << 20
    /// Vocabulary rows that many inputs are multiplied with at a time.
    private static let vocabularyPanelLength = 256

    init(_ pass: ForwardPass, rowLimit: Int) throws {
        self.pass = pass
        output = pass.weights[pass.plan.tiesOutputToEmbedding ? .tokenEmbedding : .output]
        norm = try pass.vector(.outputNorm)
        groupLength = max(1, min(rowLimit, Self.byteLimit / (4 * output.rows)))
        normalized = HiddenStates(rowCount: groupLength, columns: pass.plan.embeddingLength)
        logits = HiddenStates(rowCount: groupLength, columns: output.rows)
    }

    /// Cuts `0..<count` into groups that the panel can hold.
    func forEachGroup(of count: Int, _ body: (Range<Int>) throws -> Void) rethrows {
        for start in stride(from: 0, to: count, by: groupLength) {
            try body(start..<min(count, start + groupLength))
        }
    }

    func compute(_ rows: ArraySlice<Int>, in hidden: HiddenStates) throws {
        try ForwardPass.naming(pass.path) { try computeUnnamed(rows, in: hidden) }
    }

    private func computeUnnamed(_ rows: ArraySlice<Int>, in hidden: HiddenStates) throws {
        let plan = pass.plan
        let width = plan.embeddingLength
        for (position, row) in rows.enumerated() {
            VectorMath.rmsNorm(
                hidden.row(row), weight: norm.base, width, epsilon: plan.normEpsilon, into: normalized.row(position))
        }
        let isSmall = rows.count <= Projection.piecewiseRowLimit
        let panelLength = isSmall ? output.rowsPerPiece : Self.vocabularyPanelLength
        try pass.engine.parallel.forEachRange(output.rows, length: panelLength) { [self] range, worker in
            let scratch = pass.engine.workers[worker]
            let weights = scratch.floats(.decodedA, range.count * width)
            try output.decode(rows: range, into: weights, scratch: scratch)
            BLAS.multiplyTransposed(
                normalized.row(0), width, weights, width, into: logits.row(0) + range.lowerBound, output.rows,
                m: rows.count, n: range.count, k: width)
        }
    }

    func row(_ position: Int) -> UnsafeBufferPointer<Float> {
        UnsafeBufferPointer(start: logits.row(position), count: output.rows)
    }
}
