import COpenBLAS

/// Single-threaded products and factors of dense row-major matrices; parallelism is the caller's.
///
/// A stride is the number of values from one row to the next.
public enum BLAS {
    /// Makes OpenBLAS run in the calling thread only. Read it before the first product.
    public static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// The CPU core that OpenBLAS chose its kernels for.
    public static var coreName: String { String(cString: openblas_get_corename()) }

    /// `C = A · B + keep · C`: A is m × k, B is k × n, C is m × n. Without columns of A, C is left as it is.
    public static func multiply(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int, keep: Float = 0
    ) {
        guard k > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), keep, c, blasint(cStride))
    }

    /// `C = scale · A · Bᵀ`: A is m × k, B is n × k, C is m × n.
    ///
    /// Summed over pieces of k that do not depend on it, so that columns of zeros at the end change nothing.
    public static func multiplyTransposed(
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

    /// `C += Aᵀ · B`: A is k × m, B is k × n, C is m × n.
    public static func addTransposedProduct(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        to c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), 1, c, blasint(cStride))
    }

    /// `target += factor · values`.
    public static func add(
        _ values: UnsafePointer<Float>, times factor: Float, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        cblas_saxpy(blasint(count), factor, values, 1, target, 1)
    }

    /// Products summed in one go; no longer than the pieces that OpenBLAS makes by itself.
    private static let sumLength = 256
}
