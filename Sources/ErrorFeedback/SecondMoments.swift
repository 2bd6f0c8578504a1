import Numerics

/// What the inputs of a matrix have in common: H = XᵀX, for inputs X of `rowCount` rows.
public struct SecondMoments: Sendable {
    /// The number of inputs: rows and columns of H.
    public let columns: Int
    /// H, symmetric, `columns` × `columns`.
    public var values: [Float]
    /// Rows of inputs that were summed.
    public var rowCount: Int

    /// - Parameter values: `columns · columns` finite numbers.
    public init(columns: Int, values: [Float], rowCount: Int) {
        precondition(values.count == columns * columns)
        self.columns = columns
        self.values = values
        self.rowCount = rowCount
    }

    /// The mean over rows of the squared length of the inputs.
    public var meanSquare: Float {
        guard rowCount > 0 else { return 0 }
        return (0..<columns).reduce(0) { $0 + values[$1 * columns + $1] } / Float(rowCount)
    }

    /// Σ W·H·Wᵀ over rows of weights, or of their errors: what the inputs make of them, squared.
    ///
    /// - Parameter weights: `rowCount` rows of ``columns`` values.
    public func energy(of weights: UnsafePointer<Float>, rowCount: Int) -> Double {
        _ = BLAS.isSingleThreaded
        let products = FloatBuffer(count: rowCount * columns)
        values.withUnsafeBufferPointer {
            BLAS.multiply(
                weights, columns, $0.baseAddress!, columns, into: products.base, columns, m: rowCount, n: columns,
                k: columns, keep: 0)
        }
        return (0..<rowCount * columns).reduce(0) { $0 + Double(products.base[$1]) * Double(weights[$1]) }
    }

    /// Adds what other rows of the same inputs have.
    public mutating func add(_ other: SecondMoments) {
        precondition(other.columns == columns)
        add(other.values, times: 1)
        rowCount += other.rowCount
    }

    /// The moments drawn toward others' as if those had been seen in `priorRowCount` rows.
    ///
    /// The prior counts for its shape alone: its size is made that of these moments, where they have any.
    public func drawn(toward prior: SecondMoments, priorRowCount: Float) -> SecondMoments {
        precondition(prior.columns == columns)
        guard prior.rowCount > 0, prior.meanSquare > 0 else { return self }
        let size = meanSquare > 0 ? meanSquare / prior.meanSquare : 1
        let factor = priorRowCount * size / Float(prior.rowCount)
        var result = self
        result.add(prior.values, times: factor)
        return result
    }

    private mutating func add(_ others: [Float], times factor: Float) {
        values.withUnsafeMutableBufferPointer { values in
            for index in 0..<values.count { values[index] += factor * others[index] }
        }
    }
}
