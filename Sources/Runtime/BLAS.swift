import COpenBLAS

/// Single-threaded dense products; parallelism is the caller's.
enum BLAS {
    /// Makes OpenBLAS run in the calling thread only. Call before the first product.
    static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// `C = scale · A · Bᵀ`, all row-major with row strides: A is m × k, B is n × k, C is m × n.
    @inline(__always)
    static func multiplyTransposed(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int, scale: Float = 1
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasTrans, blasint(m), blasint(n), blasint(k), scale, a, blasint(aStride), b,
            blasint(bStride), 0, c, blasint(cStride))
    }

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
