import Numerics

/// `weight · x / sqrt(mean(x²) + epsilon)` of each row (Zhang and Sennrich, arXiv 1910.07467).
struct RMSNorm: Sendable {
    let weight: FloatBuffer
    let epsilon: Float

    /// Normalizes some rows.
    ///
    /// - Parameter target: receives them after each other.
    func apply(to states: HiddenStates, rows: Range<Int>, into target: UnsafeMutablePointer<Float>) {
        let width = states.columns
        for (position, row) in rows.enumerated() {
            VectorMath.rmsNorm(
                states.row(row), weight: weight.base, width, epsilon: epsilon, into: target + position * width)
        }
    }

    /// All rows, normalized.
    func callAsFunction(_ states: HiddenStates, _ runner: some PieceRunner) throws -> HiddenStates {
        let result = HiddenStates(rowCount: states.rowCount, columns: states.columns)
        try runner.forEachRange(states.rowCount, length: HiddenStates.panelLength) { rows, _ in
            apply(to: states, rows: rows, into: result.row(rows.lowerBound))
        }
        return result
    }
}
