import COpenBLAS
import TensorCore

/// How the inputs X̂ that a matrix gets in a quantized model relate to those, X, that it got in the original.
///
/// With a matrix W the original answered W·X; the weights that come nearest to that on X̂ are W + W·(X − X̂)·X̂ᵀ·(X̂·X̂ᵀ)⁻¹
/// (columns are inputs here), and encoded in their place they make up for what quantized layers before them did (GPTAQ).
public struct PairedMoments: Sendable {
    /// X̂ᵀX̂.
    public internal(set) var moments: SecondMoments
    /// X̂ᵀ(X − X̂), `columns` × `columns`.
    var drift: [Float]

    /// - Parameters:
    ///   - inputs: rows of X̂, after each other.
    ///   - references: the same rows of X.
    public init(columns: Int, inputs: [Float], references: [Float], rowCount: Int, parallel: Parallel) {
        precondition(inputs.count == rowCount * columns && references.count == inputs.count)
        var product = MomentProduct(columns: columns)
        product.add([(inputs, rowCount)], parallel: parallel)
        moments = product.moments
        let n = columns
        var drift = [Float](repeating: 0, count: n * n)
        if rowCount > 0 {
            cblas_sgemm(
                CblasRowMajor, CblasTrans, CblasNoTrans, blasint(n), blasint(n), blasint(rowCount), 1, inputs,
                blasint(n), references, blasint(n), 0, &drift, blasint(n))
            for index in drift.indices { drift[index] -= moments.values[index] }
        }
        self.drift = drift
    }

    /// Weights that answer to the inputs X̂ as the given ones did to X, as far as a linear map can.
    ///
    /// - Parameters:
    ///   - weights: rows of `columns` values.
    ///   - damping: keeps to the weights where inputs say little; a part of the mean diagonal.
    ///   - share: how much of the correction is made.
    public func corrected(_ weights: [Float], damping: Float, share: Float) -> [Float] {
        _ = LinearAlgebra.isSingleThreaded
        let n = moments.columns
        var mean = 0.0
        for column in 0..<n { mean += Double(moments.values[column * n + column]) / Double(n) }
        guard mean > 0 else { return weights }
        var factor = moments.values.map(Double.init)
        for column in 0..<n { factor[column * n + column] += Double(damping) * mean }
        guard LinearAlgebra.factorize(&factor, n) else { return weights }
        // (C·Cᵀ)⁻¹ · drift.
        var map = drift.map(Double.init)
        cblas_dtrsm(
            CblasRowMajor, CblasLeft, CblasLower, CblasNoTrans, CblasNonUnit, blasint(n), blasint(n), 1, factor,
            blasint(n), &map, blasint(n))
        cblas_dtrsm(
            CblasRowMajor, CblasLeft, CblasLower, CblasTrans, CblasNonUnit, blasint(n), blasint(n), 1, factor,
            blasint(n), &map, blasint(n))
        var result = weights
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(weights.count / n), blasint(n), blasint(n), share, weights,
            blasint(n), map.map { Float($0) }, blasint(n), 1, &result, blasint(n))
        return result
    }
}

/// Products that calibration needs beside those of the forward pass.
public enum Products {
    /// A · Bᵀ for row-major A, m × k, and B, n × k.
    public static func multiplyTransposed(_ a: [Float], _ b: [Float], m: Int, n: Int, k: Int) -> [Float] {
        var c = [Float](repeating: 0, count: m * n)
        guard m > 0 else { return c }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(k), b,
            blasint(k), 0, &c, blasint(n))
        return c
    }
}
