import ModelArchitecture
import TensorCore

extension ForwardPass {
    /// Bytes of logits held at once.
    private static let logitByteLimit = 512 << 20
    /// Vocabulary rows that many inputs are multiplied with at a time.
    private static let vocabularyPanelLength = 256

    /// Computes the logits of some rows and hands each row to `body`, from several threads.
    ///
    /// - Parameter body: receives the position in `rows` and the `vocabularySize` logits, valid during the call.
    public func logits(
        of rows: [Int], in hidden: HiddenStates,
        _ body: @Sendable (_ position: Int, _ logits: UnsafeBufferPointer<Float>) throws -> Void
    ) throws {
        let width = plan.embeddingLength
        let output = weights[plan.tiesOutputToEmbedding ? .tokenEmbedding : .output]
        let norm = try vector(.outputNorm)
        let groupLength = max(1, min(rows.count, Self.logitByteLimit / (4 * output.rows)))
        let normalized = HiddenStates(rowCount: groupLength, columns: width)
        let logits = HiddenStates(rowCount: groupLength, columns: output.rows)
        var start = 0
        while start < rows.count {
            let group = rows[start..<min(rows.count, start + groupLength)]
            for (position, row) in group.enumerated() {
                VectorMath.rmsNorm(
                    hidden.row(row), weight: norm.base, width, epsilon: plan.normEpsilon,
                    into: normalized.row(position))
            }
            let isSmall = group.count <= Projection.piecewiseRowLimit
            let panelLength = isSmall ? output.rowsPerPiece : Self.vocabularyPanelLength
            try engine.parallel.forEachRange(output.rows, length: panelLength) { [engine] range, worker in
                let scratch = engine.workers[worker]
                let weights = scratch.floats(.decodedA, range.count * width)
                try output.decode(rows: range, into: weights, scratch: scratch)
                BLAS.multiplyTransposed(
                    normalized.row(0), width, weights, width, into: logits.row(0) + range.lowerBound, output.rows,
                    m: group.count, n: range.count, k: width)
            }
            let first = start
            try engine.parallel.forEach(group.count) { position, _ in
                try body(first + position, UnsafeBufferPointer(start: logits.row(position), count: output.rows))
            }
            start += groupLength
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
