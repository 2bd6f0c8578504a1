import COpenBLAS

/// Cholesky factors, and the equations they solve.
extension BLAS {
    /// Replaces a symmetric n × n matrix, of which the upper triangle is read, by the lower triangle C with C · Cᵀ equal to it;
    /// what is above the diagonal is left unspecified.
    ///
    /// - Returns: false if the matrix is not positive definite.
    public static func factorize(_ matrix: UnsafeMutablePointer<Double>, _ n: Int) -> Bool {
        // The library's columns are these rows: its upper triangle U with Uᵀ · U is our lower one.
        var triangle = CChar(UInt8(ascii: "U"))
        var order = blasint(n)
        var stride = blasint(n)
        var info: blasint = 0
        dpotrf_(&triangle, &order, matrix, &stride, &info)
        return info == 0
    }

    /// The Cholesky factor of a symmetric n × n matrix in single precision, in its place, as in double precision.
    ///
    /// - Returns: false if the matrix is not positive definite.
    public static func factorize(_ matrix: UnsafeMutablePointer<Float>, _ n: Int) -> Bool {
        var triangle = CChar(UInt8(ascii: "U"))
        var order = blasint(n)
        var stride = blasint(n)
        var info: blasint = 0
        spotrf_(&triangle, &order, matrix, &stride, &info)
        return info == 0
    }

    /// Replaces B by (C · Cᵀ)⁻¹ · B.
    ///
    /// - Parameters:
    ///   - factor: the lower triangle C, n × n.
    ///   - n: the rows of B.
    ///   - b: n rows of `columns` values.
    ///   - stride: values from row to row of B.
    ///   - columns: the columns of B.
    public static func solve(
        _ factor: UnsafePointer<Float>, _ n: Int, _ b: UnsafeMutablePointer<Float>, stride: Int, columns: Int
    ) {
        for transposition in [CblasNoTrans, CblasTrans] {
            cblas_strsm(
                CblasRowMajor, CblasLeft, CblasLower, transposition, CblasNonUnit, blasint(n), blasint(columns), 1,
                factor, blasint(n), b, blasint(stride))
        }
    }
}
