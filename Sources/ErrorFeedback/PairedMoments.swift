import CSIMD
import Numerics
import Parallelism

/// How the inputs X̂ that a matrix gets in a quantized model relate to those, X, that it got in the original.
///
/// With a matrix W the original answered W·X; the weights that come nearest to that on X̂ are W + W·(X − X̂)·X̂ᵀ·(X̂·X̂ᵀ)⁻¹
/// (columns are inputs here), and encoded in their place they make up for what quantized layers before them did (GPTAQ).
public struct PairedMoments: Sendable {
    /// X̂ᵀX̂.
    public let moments: SecondMoments
    /// X̂ᵀ(X − X̂), `columns` × `columns`.
    private let drift: [Float]

    /// Rows that are rounded and multiplied together.
    private static let chunkLength = 2048

    /// Bytes that rounded rows take while they are multiplied.
    public static func roundedByteCount(columns: Int) -> Int {
        2 * 4 * BFloat16Panels.wordCount(vectorCount: columns, length: chunkLength)
    }

    /// Rows of inputs in two models.
    public struct Rows: @unchecked Sendable {
        let inputs: UnsafePointer<Float>
        let references: UnsafePointer<Float>
        let weights: [Float]?
        let count: Int
        let stride: Int

        /// - Parameters:
        ///   - inputs: the first value of the first of `count` rows of X̂.
        ///   - references: the same of X.
        ///   - weights: what each row is multiplied by; nil for 1.
        ///   - stride: values from row to row.
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

    /// - Parameter rows: of `n` columns.
    public init(columns n: Int, _ rows: Rows, parallel: Parallel) throws {
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
                        add(behind, to: sums.drift)
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

    /// - Parameter damping: keeps to the weights where inputs say little; a part of the mean diagonal.
    /// - Returns: nil without inputs.
    public func factor(damping: Float) -> Factor? {
        _ = BLAS.isSingleThreaded
        let n = moments.columns
        let mean = (0..<n).reduce(0.0) { $0 + Double(moments.values[$1 * n + $1]) } / Double(n)
        guard mean > 0 else { return nil }
        var values = moments.values
        for column in 0..<n { values[column * n + column] += damping * Float(mean) }
        return BLAS.factorize(&values, n) ? Factor(values: values) : nil
    }

    /// What has to be added to weights W, as W · map, for them to answer to X̂ as W did to X.
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
