import COpenBLAS
import TensorCore

/// How the inputs X̂ that a matrix gets in a quantized model relate to those, X, that it got in the original.
///
/// With a matrix W the original answered W·X; the weights that come nearest to that on X̂ are W + W·(X − X̂)·X̂ᵀ·(X̂·X̂ᵀ)⁻¹
/// (columns are inputs here), and encoded in their place they make up for what quantized layers before them did (GPTAQ).
public struct PairedMoments: Sendable {
    /// X̂ᵀX̂.
    public let moments: SecondMoments
    /// X̂ᵀ(X − X̂), `columns` × `columns`.
    private let drift: [Float]

    /// Columns of a tile of the products; the cut does not depend on the thread count.
    private static let tileLength = 256
    /// Rows that are summed in one go.
    private static let sumLength = 4096

    private struct Rows: @unchecked Sendable {
        let inputs: UnsafePointer<Float>
        let references: UnsafePointer<Float>
        let moments: UnsafeMutablePointer<Float>
        let drift: UnsafeMutablePointer<Float>
    }

    /// - Parameters:
    ///   - inputs: `rowCount` rows of X̂, after each other.
    ///   - references: the same rows of X.
    public init(
        columns n: Int, inputs: UnsafePointer<Float>, references: UnsafePointer<Float>, rowCount: Int,
        parallel: Parallel
    ) throws {
        _ = LinearAlgebra.isSingleThreaded
        var squares = [Float](repeating: 0, count: n * n)
        var drift = [Float](repeating: 0, count: n * n)
        let tileCount = (n + Self.tileLength - 1) / Self.tileLength
        try squares.withUnsafeMutableBufferPointer { squares in
            try drift.withUnsafeMutableBufferPointer { drift in
                let rows = Rows(
                    inputs: inputs, references: references, moments: squares.baseAddress!, drift: drift.baseAddress!)
                // Both products of a tile by the same thread, tiles in order of their rows.
                try parallel.forEach(tileCount * tileCount) { tile, _ in
                    let (row, column) = (tile / tileCount * Self.tileLength, tile % tileCount * Self.tileLength)
                    let (height, width) = (min(Self.tileLength, n - row), min(Self.tileLength, n - column))
                    func multiply(_ right: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
                        for start in stride(from: 0, to: rowCount, by: Self.sumLength) {
                            cblas_sgemm(
                                CblasRowMajor, CblasTrans, CblasNoTrans, blasint(height), blasint(width),
                                blasint(min(Self.sumLength, rowCount - start)), 1, rows.inputs + (start * n + row),
                                blasint(n), right + (start * n + column), blasint(n), 1, target + (row * n + column),
                                blasint(n))
                        }
                    }
                    if column >= row { multiply(rows.inputs, into: rows.moments) }
                    multiply(rows.references, into: rows.drift)
                }
                try parallel.forEach(tileCount * tileCount) { tile, _ in
                    let (row, column) = (tile / tileCount * Self.tileLength, tile % tileCount * Self.tileLength)
                    let (height, width) = (min(Self.tileLength, n - row), min(Self.tileLength, n - column))
                    if column <= row {
                        LinearAlgebra.mirror(
                            rows.moments, n, rows: row..<row + height, columns: column..<column + width)
                    }
                }
                try parallel.forEachRange(n, length: 64) { range, _ in
                    LinearAlgebra.add(
                        rows.moments + range.lowerBound * n, times: -1, to: rows.drift + range.lowerBound * n,
                        count: range.count * n)
                }
            }
        }
        moments = SecondMoments(columns: n, values: squares, rowCount: rowCount)
        self.drift = drift
    }

    /// The triangular factor of the damped X̂ᵀX̂.
    ///
    /// In single precision: what that loses lies in directions in which inputs are small, and those are damped.
    public struct Factor: Sendable {
        let values: [Float]
    }

    /// - Parameter damping: keeps to the weights where inputs say little; a part of the mean diagonal.
    /// - Returns: nil without inputs.
    public func factor(damping: Float) -> Factor? {
        let n = moments.columns
        let mean = (0..<n).reduce(0.0) { $0 + Double(moments.values[$1 * n + $1]) } / Double(n)
        guard mean > 0 else { return nil }
        var values = moments.values
        for column in 0..<n { values[column * n + column] += damping * Float(mean) }
        return LinearAlgebra.factorize(&values, n) ? Factor(values: values) : nil
    }

    /// What has to be added to weights W, as W · map, for them to answer to X̂ as W did to X.
    public func correction(_ factor: Factor, parallel: Parallel) throws -> DriftCorrection {
        let n = moments.columns
        var map = drift
        try factor.values.withUnsafeBufferPointer { factor in
            try map.withUnsafeMutableBufferPointer { map in
                let system = System(factor: factor.baseAddress!, map: map.baseAddress!)
                // (C·Cᵀ)⁻¹ · drift, some columns at a time.
                try parallel.forEachRange(n, length: Self.tileLength) { columns, _ in
                    for transposition in [CblasNoTrans, CblasTrans] {
                        cblas_strsm(
                            CblasRowMajor, CblasLeft, CblasLower, transposition, CblasNonUnit, blasint(n),
                            blasint(columns.count), 1, system.factor, blasint(n), system.map + columns.lowerBound,
                            blasint(n))
                    }
                }
            }
        }
        return DriftCorrection(columns: n, map: map)
    }

    private struct System: @unchecked Sendable {
        let factor: UnsafePointer<Float>
        let map: UnsafeMutablePointer<Float>
    }
}

/// A linear change of weights that makes up for the drift of their inputs.
public struct DriftCorrection: Sendable {
    let columns: Int
    /// Transposed: `columns` × `columns`.
    let map: [Float]

    /// Adds `share` of the correction to rows of weights.
    public func apply(
        to weights: UnsafeMutablePointer<Float>, rowCount: Int, share: Float, parallel: Parallel
    ) throws {
        let target = Target(base: weights)
        try parallel.forEachRange(rowCount, length: 256) { rows, _ in
            let start = target.base + rows.lowerBound * columns
            let original = Array(UnsafeBufferPointer(start: start, count: rows.count * columns))
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(rows.count), blasint(columns), blasint(columns), share,
                original, blasint(columns), map, blasint(columns), 1, start, blasint(columns))
        }
    }

    private struct Target: @unchecked Sendable {
        let base: UnsafeMutablePointer<Float>
    }
}
