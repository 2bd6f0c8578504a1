import CSIMD
import Numerics
import Parallelism

/// Moments that relate the inputs X̂ of a matrix in a quantized model to its inputs X in the original.
///
/// With a matrix W the original answered W·X; the weights that come nearest to that on X̂ are W + W·(X −
/// X̂)·X̂ᵀ·(X̂·X̂ᵀ)⁻¹ (columns are inputs here), and encoded in their place they make up for what quantized layers
/// before them did (GPTAQ).
public struct PairedMoments: Sendable {
    /// The second moments X̂ᵀX̂ of the inputs in the quantized model.
    public let moments: SecondMoments
    /// X̂ᵀ(X − X̂), `columns` × `columns`.
    private let drift: [Float]

    /// Rows that are rounded and multiplied together.
    private static let chunkLength = 2048

    /// The memory of the moments of `columns` inputs, what summing rows needs beside that, and the memory of a factor or of a
    /// system that is being solved.
    package static func workingSet(
        columns: Int, rowCount: Int, threadCount: Int
    ) -> (kept: WorkingSet, summing: WorkingSet, factor: WorkingSet, solving: WorkingSet) {
        let square = columns * columns
        let rounded = BFloat16Panels.workingSet(
            "rounded inputs", vectorCount: columns, length: min(chunkLength, rowCount))
        let tile = WorkingSet("tiles", floatCount: BFloat16Panels.tileLength * BFloat16Panels.tileLength)
        return (
            SecondMoments.workingSet("second moments", columns: columns) + WorkingSet("drift", floatCount: square),
            2 * rounded + threadCount * tile, WorkingSet("factor of the moments", floatCount: square),
            WorkingSet("system of the correction", floatCount: square)
                + threadCount * BLAS.workingSet(columns: columns)
        )
    }

    /// Rows of a matrix's inputs for the same tokens in two models.
    public struct Rows: @unchecked Sendable {
        let inputs: UnsafePointer<Float>
        let references: UnsafePointer<Float>
        let weights: [Float]?
        let count: Int
        let stride: Int

        /// Describes rows in memory, which must stay valid as long as the value is used.
        ///
        /// - Parameters:
        ///   - inputs: the first value of the first row of X̂.
        ///   - references: the first value of the first row of X.
        ///   - weights: the factor on each row, `count` of them; nil if all are 1.
        ///   - count: the number of rows.
        ///   - stride: the number of values from the start of one row to that of the next.
        public init(
            inputs: UnsafePointer<Float>, references: UnsafePointer<Float>, weights: [Float]?, count: Int, stride: Int
        ) {
            self.inputs = inputs
            self.references = references
            self.weights = weights
            self.count = count
            self.stride = stride
        }

        /// Rounds rows, and how much they are behind the references, to bfloat16.
        func fill(
            _ rounded: BFloat16Panels, _ drift: BFloat16Panels, columns: Range<Int>, rows: Range<Int>
        ) {
            func weight(_ row: Int) -> Float { weights?[rows.lowerBound &+ row] ?? 1 }
            let start = rows.lowerBound &* stride
            let (inputs, references) = (inputs + start, references + start)
            rounded.fill(columns: columns, length: rows.count) { row, column, mask in
                csimd_load_where(mask, inputs + (row &* stride &+ column)) * weight(row)
            }
            drift.fill(columns: columns, length: rows.count) { row, column, mask in
                let place = row &* stride &+ column
                return (csimd_load_where(mask, references + place) - csimd_load_where(mask, inputs + place))
                    * weight(row)
            }
        }
    }

    private struct Sums: @unchecked Sendable {
        let moments: UnsafeMutablePointer<Float>
        let drift: UnsafeMutablePointer<Float>
    }

    /// Sums the moments of rows.
    ///
    /// - Parameters:
    ///   - n: the number of values in a row: inputs of the matrix.
    ///   - rows: the inputs in both models.
    ///   - includesDrift: whether the drift is summed, which corrections need.
    ///   - parallel: runs the work; the sums do not depend on the number of threads.
    public init(columns n: Int, _ rows: Rows, includesDrift: Bool = true, parallel: Parallel) throws {
        let length = BFloat16Panels.tileLength
        let capacity = min(Self.chunkLength, rows.count)
        let inputs = BFloat16Panels(vectorCount: n, length: capacity)
        let behind = BFloat16Panels(vectorCount: n, length: capacity)
        let tiles = (0..<parallel.threadCount).map { _ in FloatBuffer(count: length * length) }
        var squares = [Float](repeating: 0, count: n * n)
        var drift = [Float](repeating: 0, count: n * n)
        let tileCount = (n + length - 1) / length
        @Sendable func columns(_ tile: Int) -> Range<Int> { tile * length..<min(n, (tile + 1) * length) }
        try squares.withUnsafeMutableBufferPointer { squares in
            try drift.withUnsafeMutableBufferPointer { drift in
                let sums = Sums(moments: squares.baseAddress!, drift: drift.baseAddress!)
                for start in stride(from: 0, to: rows.count, by: Self.chunkLength) {
                    let chunk = start..<min(rows.count, start + Self.chunkLength)
                    try parallel.forEach(tileCount) { tile, _ in
                        rows.fill(inputs, behind, columns: columns(tile), rows: chunk)
                    }
                    try parallel.forEach(tileCount * tileCount) { number, worker in
                        let (top, left) = (columns(number / tileCount), columns(number % tileCount))
                        func add(_ right: BFloat16Panels, to sum: UnsafeMutablePointer<Float>) {
                            inputs.forEachProduct(
                                top, with: right, left, length: chunk.count, tile: tiles[worker].base
                            ) { row, columns, products in
                                BLAS.add(
                                    products, times: 1, to: sum + (row * n + columns.lowerBound), count: columns.count)
                            }
                        }
                        if left.lowerBound >= top.lowerBound { add(inputs, to: sums.moments) }
                        if includesDrift { add(behind, to: sums.drift) }
                    }
                }
                try parallel.forEach(tileCount * tileCount) { number, _ in
                    let (rows, left) = (columns(number / tileCount), columns(number % tileCount))
                    if left.lowerBound <= rows.lowerBound {
                        SymmetricMatrix.mirror(sums.moments, n, rows: rows, columns: left)
                    }
                }
            }
        }
        moments = SecondMoments(columns: n, values: squares, rowCount: rows.count)
        self.drift = drift
    }

    /// The triangular factor of the damped X̂ᵀX̂.
    ///
    /// Values are in single precision: what that loses lies in directions in which inputs are small, and those are
    /// damped.
    public struct Factor: Sendable {
        let values: [Float]
    }

    /// Damps and factors the second moments X̂ᵀX̂.
    ///
    /// - Parameter damping: the number that is added to the diagonal, as a part of its mean: it keeps weights as they
    ///   are where inputs say little.
    /// - Returns: nil if all inputs are zero, or the damped moments are not positive definite.
    public func factor(damping: Float) -> Factor? {
        _ = BLAS.isSingleThreaded
        let n = moments.columns
        let mean = (0..<n).reduce(0.0) { $0 + Double(moments.values[$1 * n + $1]) } / Double(n)
        guard mean > 0 else { return nil }
        var values = moments.values
        for column in 0..<n { values[column * n + column] += damping * Float(mean) }
        return BLAS.factorize(&values, n) ? Factor(values: values) : nil
    }

    /// The correction that has to be added to weights W, as W · map, for their outputs on X̂ to be those of W on X.
    public func correction(_ factor: Factor, parallel: Parallel) throws -> DriftCorrection {
        let n = moments.columns
        var map = drift
        try factor.values.withUnsafeBufferPointer { factor in
            try map.withUnsafeMutableBufferPointer { map in
                let system = System(factor: factor.baseAddress!, map: map.baseAddress!)
                // (C·Cᵀ)⁻¹ · drift, some columns at a time.
                try parallel.forEachRange(n, length: 256) { columns, _ in
                    BLAS.solve(
                        system.factor, n, system.map + columns.lowerBound, stride: n, columns: columns.count)
                }
            }
        }
        return try DriftCorrection(columns: n, map: map, parallel: parallel)
    }

    private struct System: @unchecked Sendable {
        let factor: UnsafePointer<Float>
        let map: UnsafeMutablePointer<Float>
    }
}
