import COpenBLAS

/// Single-threaded products and factors of row-major matrices; parallelism is the caller's.
enum LinearAlgebra {
    /// Makes OpenBLAS run in the calling thread only. Read before the first product.
    static let isSingleThreaded: Bool = {
        openblas_set_num_threads(1)
        return true
    }()

    /// `C = A · B + keep · C`: A is m × k, B is k × n, C is m × n, with row strides.
    static func multiply(
        _ a: UnsafePointer<Float>, _ aStride: Int, _ b: UnsafePointer<Float>, _ bStride: Int,
        into c: UnsafeMutablePointer<Float>, _ cStride: Int, m: Int, n: Int, k: Int, keep: Float
    ) {
        guard k > 0 else { return }
        cblas_sgemm(
            CblasRowMajor, CblasNoTrans, CblasNoTrans, blasint(m), blasint(n), blasint(k), 1, a, blasint(aStride), b,
            blasint(bStride), keep, c, blasint(cStride))
    }

    /// Replaces a symmetric n × n matrix, of which the upper triangle is read, by the lower triangle C with C · Cᵀ equal to it;
    /// what is above the diagonal is left unspecified.
    ///
    /// - Returns: false if the matrix is not positive definite.
    static func factorize(_ matrix: UnsafeMutablePointer<Double>, _ n: Int) -> Bool {
        // The library's columns are these rows: its upper triangle U with Uᵀ · U is our lower one.
        var triangle = CChar(UInt8(ascii: "U"))
        var order = blasint(n)
        var stride = blasint(n)
        var info: blasint = 0
        dpotrf_(&triangle, &order, matrix, &stride, &info)
        return info == 0
    }

    /// The same in single precision.
    static func factorize(_ matrix: UnsafeMutablePointer<Float>, _ n: Int) -> Bool {
        var triangle = CChar(UInt8(ascii: "U"))
        var order = blasint(n)
        var stride = blasint(n)
        var info: blasint = 0
        spotrf_(&triangle, &order, matrix, &stride, &info)
        return info == 0
    }

    /// Fills what lies below the diagonal of some rows and columns of an n × n matrix with what lies above it.
    static func mirror(_ matrix: UnsafeMutablePointer<Float>, _ n: Int, rows: Range<Int>, columns: Range<Int>) {
        // Small squares stay in the first cache.
        let length = 16
        for top in stride(from: rows.lowerBound, to: rows.upperBound, by: length) {
            for left in stride(from: columns.lowerBound, to: min(columns.upperBound, top + length), by: length) {
                for row in top..<min(top + length, rows.upperBound) {
                    for column in left..<max(left, min(left + length, columns.upperBound, row)) {
                        matrix[row &* n &+ column] = matrix[column &* n &+ row]
                    }
                }
            }
        }
    }

    /// `target += factor · values`.
    static func add(
        _ values: UnsafePointer<Float>, times factor: Float, to target: UnsafeMutablePointer<Float>, count: Int
    ) {
        cblas_saxpy(blasint(count), factor, values, 1, target, 1)
    }
}

typealias Lanes = SIMD16<Float>

extension UnsafePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func eight(_ offset: Int) -> SIMD8<Float> { UnsafeRawPointer(self + offset).loadUnaligned(as: SIMD8<Float>.self) }

    /// The sum of products with another vector.
    @inline(__always)
    func dot(_ other: UnsafePointer<Float>, _ count: Int) -> Float {
        var lanes = Lanes()
        var index = 0
        while index &+ 16 <= count {
            lanes = lanes.addingProduct(self.lanes(index), other.lanes(index))
            index &+= 16
        }
        var sum = index > 0 ? lanes.sum() : 0
        if index &+ 8 <= count {
            sum += (eight(index) * other.eight(index)).sum()
            index &+= 8
        }
        while index < count {
            sum += self[index] * other[index]
            index &+= 1
        }
        return sum
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

    @inline(__always)
    func eight(_ offset: Int) -> SIMD8<Float> { UnsafePointer(self).eight(offset) }

    @inline(__always)
    func store(_ lanes: Lanes, _ offset: Int) {
        UnsafeMutableRawPointer(self + offset).storeBytes(of: lanes, as: Lanes.self)
    }

    /// Adds `row · matrix`: `count` columns, of which any number may be asked for, of `rowCount` matrix rows.
    @inline(__always)
    func addProduct(
        _ row: UnsafePointer<Float>, _ rowCount: Int, _ matrix: UnsafePointer<Float>, stride: Int, count: Int
    ) {
        var column = 0
        while column &+ 64 <= count {
            var sums = (lanes(column), lanes(column &+ 16), lanes(column &+ 32), lanes(column &+ 48))
            for index in 0..<rowCount {
                let factor = Lanes(repeating: row[index])
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), factor)
                sums.1 = sums.1.addingProduct(line.lanes(16), factor)
                sums.2 = sums.2.addingProduct(line.lanes(32), factor)
                sums.3 = sums.3.addingProduct(line.lanes(48), factor)
            }
            store(sums.0, column)
            store(sums.1, column &+ 16)
            store(sums.2, column &+ 32)
            store(sums.3, column &+ 48)
            column &+= 64
        }
        // Fewer columns need sums of even and odd rows to keep the processor busy.
        let pairCount = rowCount & ~1
        if column &+ 32 <= count {
            var sums = (lanes(column), lanes(column &+ 16), Lanes(), Lanes())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                let factors = (Lanes(repeating: row[index]), Lanes(repeating: row[index &+ 1]))
                sums.0 = sums.0.addingProduct(line.lanes(0), factors.0)
                sums.1 = sums.1.addingProduct(line.lanes(16), factors.0)
                sums.2 = sums.2.addingProduct(line.lanes(stride), factors.1)
                sums.3 = sums.3.addingProduct(line.lanes(stride &+ 16), factors.1)
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.lanes(16), Lanes(repeating: row[index]))
            }
            store(sums.0 + sums.2, column)
            store(sums.1 + sums.3, column &+ 16)
            column &+= 32
        }
        if column &+ 16 <= count {
            var sums = (lanes(column), Lanes())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.lanes(stride), Lanes(repeating: row[index &+ 1]))
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.lanes(0), Lanes(repeating: row[index]))
            }
            store(sums.0 + sums.1, column)
            column &+= 16
        }
        if column &+ 8 <= count {
            var sums = (eight(column), SIMD8<Float>())
            var index = 0
            while index < pairCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.eight(0), SIMD8(repeating: row[index]))
                sums.1 = sums.1.addingProduct(line.eight(stride), SIMD8(repeating: row[index &+ 1]))
                index &+= 2
            }
            if index < rowCount {
                let line = matrix + (index &* stride &+ column)
                sums.0 = sums.0.addingProduct(line.eight(0), SIMD8(repeating: row[index]))
            }
            UnsafeMutableRawPointer(self + column).storeBytes(of: sums.0 + sums.1, as: SIMD8<Float>.self)
            column &+= 8
        }
        while column < count {
            var sum = self[column]
            for index in 0..<rowCount { sum += row[index] * matrix[index &* stride &+ column] }
            self[column] = sum
            column &+= 1
        }
    }
}
