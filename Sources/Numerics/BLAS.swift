import COpenBLAS

/// Single-threaded products and factors of dense row-major matrices; parallelism is the caller's.
///
/// A stride is the number of values from one row to the next.
public enum BLAS {
    /// True, after OpenBLAS has been made to run in the calling thread only, with kernels that the processor is good for; to
    /// be read before the first product.
    public static let isSingleThreaded: Bool = {
        openblas_choose_for_processor()
        openblas_set_num_threads(1)
        return true
    }()

    /// The CPU core that OpenBLAS chose its kernels for.
    public static var coreName: String {
        _ = isSingleThreaded
        return String(cString: openblas_get_corename())
    }

    /// The name and version of the library, such as "OpenBLAS 0.3.29".
    public static var libraryName: String {
        String(cString: openblas_get_config()).split(separator: " ").prefix(2).joined(separator: " ")
    }

    /// Multiplies matrices: `C = A · B + keep · C`, where A is m × k, B is k × n and C is m × n. If k is 0, C is left
    /// as it is.
    public static func multiply(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int, keep: Float = 0
    ) {
        guard k > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), keep, c, blasint(cStride))
    }

    /// Multiplies a matrix by a transposed one: `C = scale · A · Bᵀ`, where A is m × k, B is n × k and C is m × n.
    ///
    /// Products are summed in pieces of a length that does not depend on k, so that columns of zeros at the end change
    /// nothing.
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

    /// Adds the product of a transposed matrix and another: `C += Aᵀ · B`, where A is k × m, B is k × n and C is m × n.
    public static func addTransposedProduct(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        to c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int
    ) {
        cblas_sgemm(
            CblasRowMajor, CblasTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), 1, c, blasint(cStride))
    }

    /// Adds a multiple of a vector to another: `target += factor · values`.
    public static func add(
        _ values: UnsafePointer<Float>, times factor: Float, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        cblas_saxpy(blasint(count), factor, values, 1, target, 1)
    }

    /// What the library copies, in each thread, of matrices of so many columns: the most of its kernels, those for AVX-512.
    package static func workingSet(columns: Int) -> WorkingSet {
        WorkingSet("copies for products", floatCount: copiedRowCount * (columns + copiedRowCount))
    }

    private static let copiedRowCount = 448

    /// Products summed in one go; no longer than the pieces that OpenBLAS makes by itself.
    private static let sumLength = 256
}
