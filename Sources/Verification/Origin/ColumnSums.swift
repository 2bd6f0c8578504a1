import CSIMD
import Tensors

/// Sums over the columns of rows of one matrix, in float64; those of few rows are added in float32 first.
struct ColumnSums: Sendable {
    /// Σ x², Σ (q − x)² and Σ x (q − x) of each column, one after the other.
    private(set) var sums: [Double]
    private var partial: [Float]
    private var pendingRows = 0
    let columns: Int

    /// Rows that are added in float32.
    private static let pendingLimit = 64

    init(columns: Int) {
        self.columns = columns
        sums = [Double](repeating: 0, count: 3 * columns)
        partial = [Float](repeating: 0, count: 3 * columns)
    }

    /// Adds a row to the columns, and returns the sums of the row, block by block.
    ///
    /// - Parameters:
    ///   - original: The row's original weights, one for each column.
    ///   - decoded: What has come of them.
    ///   - blockLength: The elements of a block, a multiple of 16; the last one may be shorter.
    ///   - body: Receives each block's number and sums.
    mutating func add(
        original: UnsafePointer<Float>, decoded: UnsafePointer<Float>, blockLength: Int,
        body: (_ block: Int, _ sums: Agreement) -> Void
    ) {
        let columns = columns
        partial.withUnsafeMutableBufferPointer { partial in
            let base = partial.baseAddress!
            for (block, start) in stride(from: 0, to: columns, by: blockLength).enumerated() {
                let count = min(blockLength, columns - start)
                let sums = Self.add(
                    original + start, decoded + start, count, squares: base + start, errors: base + (columns + start),
                    products: base + (2 * columns + start))
                body(block, sums)
            }
        }
        pendingRows += 1
        if pendingRows == Self.pendingLimit { flush() }
    }

    /// Adds what is pending in float32.
    mutating func flush() {
        for index in sums.indices { sums[index] += Double(partial[index]) }
        for index in partial.indices { partial[index] = 0 }
        pendingRows = 0
    }

    @inline(__always)
    private static func add(
        _ original: UnsafePointer<Float>, _ decoded: UnsafePointer<Float>, _ count: Int,
        squares: UnsafeMutablePointer<Float>, errors: UnsafeMutablePointer<Float>,
        products: UnsafeMutablePointer<Float>
    ) -> Agreement {
        var (blockSquares, blockErrors, blockProducts) = (SIMD16<Float>(), SIMD16<Float>(), SIMD16<Float>())
        var index = 0
        while index &+ 16 <= count {
            let x = original.vector(index)
            let error = decoded.vector(index) - x
            blockSquares = csimd_multiply_add(x, x, blockSquares)
            blockErrors = csimd_multiply_add(error, error, blockErrors)
            blockProducts = csimd_multiply_add(x, error, blockProducts)
            squares.setVector(index, csimd_multiply_add(x, x, UnsafePointer(squares).vector(index)))
            errors.setVector(index, csimd_multiply_add(error, error, UnsafePointer(errors).vector(index)))
            products.setVector(index, csimd_multiply_add(x, error, UnsafePointer(products).vector(index)))
            index &+= 16
        }
        var sums = Agreement(
            count: count, squares: Double(csimd_sum(blockSquares)), errors: Double(csimd_sum(blockErrors)),
            products: Double(csimd_sum(blockProducts)))
        while index < count {
            let (x, error) = (original[index], decoded[index] - original[index])
            squares[index] += x * x
            errors[index] += error * error
            products[index] += x * error
            sums.squares += Double(x * x)
            sums.errors += Double(error * error)
            sums.products += Double(x * error)
            index &+= 1
        }
        return sums
    }
}

extension UnsafePointer<Float> {
    @inline(__always)
    fileprivate func vector(_ index: Int) -> SIMD16<Float> {
        UnsafeRawPointer(self + index).loadUnaligned(as: SIMD16<Float>.self)
    }
}

extension UnsafeMutablePointer<Float> {
    @inline(__always)
    fileprivate func setVector(_ index: Int, _ value: SIMD16<Float>) {
        UnsafeMutableRawPointer(self + index).storeBytes(of: value, as: SIMD16<Float>.self)
    }
}
