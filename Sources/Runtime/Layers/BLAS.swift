import COpenBLAS

/// Single-threaded dense products; parallelism is the caller's.
enum BLAS {
    /// Makes OpenBLAS run in the calling thread only. Call before the first product.
    static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// `C = scale · A · Bᵀ`, all row-major with row strides: A is m × k, B is n × k, C is m × n.
    ///
    /// Summed over pieces of k that do not depend on it, so that columns of zeros at the end change nothing.
    @inline(__always)
    static func multiplyTransposed(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int, scale: Float = 1
    ) {
        var start = 0
        while start < k {
            let length = min(sumLength, k &- start)
            cblas_sgemm(
                CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(length), scale, a + start,
                blasint(aStride), b + start, blasint(bStride), start == 0 ? 0 : 1, c, blasint(cStride))
            start &+= length
        }
    }

    /// Products summed in one go; no longer than the pieces that OpenBLAS makes by itself.
    private static let sumLength = 256

    /// `C = A · Bᵀ` for contiguous rows, where the products of a row do not depend on how many rows there are.
    ///
    /// Below a million multiplications OpenBLAS has kernels of their own for AVX-512, which round differently; such a
    /// product is filled up with rows of zeros. (Its kernels for AVX2 round by the number of rows in any case.)
    ///
    /// - Parameters:
    ///   - a: `rowCount` rows of `columns`.
    ///   - b: `outputs` rows of `columns`.
    static func multiplyRows(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, rowCount: Int,
        columns: Int, outputs: Int, scratch: ScratchSpace
    ) {
        let shortest = columns % sumLength == 0 ? sumLength : columns % sumLength
        let leastRowCount = min(sumLength, (smallProductLimit / (shortest * outputs) + 16) & ~15)
        guard rowCount < leastRowCount else {
            return multiplyTransposed(a, columns, b, columns, into: c, outputs, m: rowCount, n: outputs, k: columns)
        }
        let input = scratch.floats(.paddedInput, leastRowCount * columns)
        input.update(from: a, count: rowCount * columns)
        (input + rowCount * columns).update(repeating: 0, count: (leastRowCount - rowCount) * columns)
        let output = scratch.floats(.paddedOutput, leastRowCount * outputs)
        multiplyTransposed(
            input, columns, b, columns, into: output, outputs, m: leastRowCount, n: outputs, k: columns)
        c.update(from: output, count: rowCount * outputs)
    }

    /// Products of m, n and k up to this may use the kernels for small matrices.
    private static let smallProductLimit = 1_000_000

    /// `C = A · B`, all row-major with row strides: A is m × k, B is k × n, C is m × n.
    @inline(__always)
    static func multiply(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), 0, c, blasint(cStride))
    }
}

/// What the forward pass computes with, for reports.
public enum ComputeBackend {
    /// The CPU core that OpenBLAS chose its kernels for.
    public static var coreName: String { String(cString: openblas_get_corename()) }
}
