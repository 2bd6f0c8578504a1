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
}

/// Floats at a 64-byte boundary that several threads may read.
final class AlignedFloats: @unchecked Sendable {
    let base: UnsafeMutablePointer<Float>
    let count: Int

    init(count: Int) {
        self.count = count
        base = UnsafeMutableRawPointer.allocate(byteCount: max(64, 4 * count), alignment: 64)
            .bindMemory(to: Float.self, capacity: max(16, count))
        base.initialize(repeating: 0, count: count)
    }

    deinit { UnsafeMutableRawPointer(base).deallocate() }
}

typealias Lanes = SIMD16<Float>

extension UnsafePointer<Float> {
    @inline(__always)
    func lanes(_ offset: Int) -> Lanes { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }

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
        while column &+ 16 <= count {
            var sum = lanes(column)
            for index in 0..<rowCount {
                sum = sum.addingProduct((matrix + (index &* stride &+ column)).lanes(0), Lanes(repeating: row[index]))
            }
            store(sum, column)
            column &+= 16
        }
        while column &+ 8 <= count {
            var sum = UnsafeRawPointer(self + column).loadUnaligned(as: SIMD8<Float>.self)
            for index in 0..<rowCount {
                let line = UnsafeRawPointer(matrix + (index &* stride &+ column)).loadUnaligned(as: SIMD8<Float>.self)
                sum = sum.addingProduct(line, SIMD8(repeating: row[index]))
            }
            UnsafeMutableRawPointer(self + column).storeBytes(of: sum, as: SIMD8<Float>.self)
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
