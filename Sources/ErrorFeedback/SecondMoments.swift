import Numerics

/// The second moments H = XᵀX of a matrix's inputs X, of `rowCount` rows and `columns` columns.
public struct SecondMoments: Sendable {
    /// The number of inputs: rows and columns of H.
    public let columns: Int
    /// The elements of H, which is symmetric: `columns` rows of `columns` values.
    public var values: [Float]
    /// The number of rows of inputs that were summed.
    public var rowCount: Int

    /// The memory of the second moments of `columns` inputs.
    package static func workingSet(_ name: String, columns: Int) -> WorkingSet {
        WorkingSet(name, floatCount: columns * columns)
    }

    /// Makes second moments of sums that are known.
    ///
    /// - Parameters:
    ///   - columns: the number of inputs.
    ///   - values: the elements of H, `columns · columns` finite numbers.
    ///   - rowCount: the number of rows of inputs that were summed.
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

    /// The sum of W·H·Wᵀ over rows W of weights, or of their errors: the sum of their squared outputs.
    ///
    /// - Parameters:
    ///   - weights: `rowCount` rows of ``columns`` values.
    ///   - rowCount: the number of rows.
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

    /// Adds the moments of other rows of the same inputs.
    public mutating func add(_ other: SecondMoments) {
        precondition(other.columns == columns)
        add(other.values, times: 1)
        rowCount += other.rowCount
    }

    /// These moments with those of a prior added, as if the prior had been seen in `priorRowCount` rows.
    ///
    /// Of the prior only the shape counts: its size is made that of these moments, unless they are zero.
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
