import CSIMD

/// Vectors rounded to bfloat16 (ties to even), laid out for their products with other vectors: blocks of 16 vectors, in each a
/// pair of elements of the 16 beside the next pair.
///
/// A processor that multiplies bfloat16 numbers does so at twice the speed of single precision; sums are in single precision
/// with every processor, and do not depend on how many vectors there are.
public struct BFloat16Panels: @unchecked Sendable {
    private let buffer: FloatBuffer
    private let base: UnsafeMutablePointer<UInt32>
    private let pairCapacity: Int

    /// Vectors on either side of a tile of products, and the distance of the tile's rows.
    public static let tileLength = 256
    private static let blockLength = 16
    /// Products are made for 32 vectors at a time.
    private static let rightLength = 32

    /// The 32-bit words of memory that `vectorCount` vectors of `length` elements need.
    public static func wordCount(vectorCount: Int, length: Int) -> Int {
        (vectorCount + rightLength - 1) / rightLength * rightLength * ((length + 1) / 2)
    }

    /// The memory of `vectorCount` vectors of up to `length` elements.
    package static func workingSet(_ name: String, vectorCount: Int, length: Int) -> WorkingSet {
        WorkingSet(name, byteCount: 4 * wordCount(vectorCount: vectorCount, length: length))
    }

    /// Room for vectors of up to `length` elements.
    public init(vectorCount: Int, length: Int) {
        self.init(FloatBuffer(count: Self.wordCount(vectorCount: vectorCount, length: length)), length: length)
    }

    /// - Parameters:
    ///   - buffer: from the offset on, at least ``wordCount(vectorCount:length:)`` words.
    ///   - offset: where in the buffer the vectors begin.
    ///   - length: of the longest vectors.
    public init(_ buffer: FloatBuffer, offset: Int = 0, length: Int) {
        self.buffer = buffer
        base = UnsafeMutableRawPointer(buffer.base + offset).assumingMemoryBound(to: UInt32.self)
        pairCapacity = (length + 1) / 2
    }

    private func block(_ vector: Int) -> UnsafeMutablePointer<UInt32> {
        base + vector / Self.blockLength &* pairCapacity &* Self.blockLength
    }

    /// A bit for each of the first lanes.
    @usableFromInline
    static func mask(_ count: Int) -> UInt32 { UInt32(1) << UInt32(max(0, min(16, count))) &- 1 }

    /// Fills vectors that are the columns of a matrix.
    ///
    /// - Parameters:
    ///   - vectors: from a multiple of 16 on.
    ///   - length: the rows of the matrix.
    ///   - elements: of up to 16 columns of a row, from a column on, zero where the mask has no bit.
    @inlinable
    public func fill(
        columns vectors: Range<Int>, length: Int,
        _ elements: (_ row: Int, _ column: Int, _ mask: UInt32) -> SIMD16<Float>
    ) {
        for pair in 0..<(length &+ 1) / 2 {
            for vector in stride(from: vectors.lowerBound, to: vectors.upperBound, by: 16) {
                let mask = Self.mask(vectors.upperBound &- vector)
                let first = elements(2 &* pair, vector, mask)
                let second = 2 &* pair &+ 1 < length ? elements(2 &* pair &+ 1, vector, mask) : SIMD16()
                store(csimd_pair_bfloats(first, second), pair: pair, vector: vector)
            }
        }
    }

    @usableFromInline
    func store(_ words: SIMD16<UInt32>, pair: Int, vector: Int) {
        UnsafeMutableRawPointer(block(vector) + pair &* Self.blockLength)
            .storeBytes(of: words, as: SIMD16<UInt32>.self)
    }

    /// Fills vectors that are the rows of a matrix.
    ///
    /// - Parameters:
    ///   - vectors: from a multiple of 16 on.
    ///   - rows: the first element of the first of them.
    ///   - stride: elements from row to row.
    ///   - length: the elements of a row.
    ///   - element: the even number of the first element that is filled.
    public func fill(
        rows vectors: Range<Int>, from rows: UnsafePointer<Float>, stride: Int, length: Int, at element: Int = 0
    ) {
        for vector in vectors {
            let row = rows + (vector &- vectors.lowerBound) &* stride
            let target = block(vector) + (vector % Self.blockLength &+ element / 2 &* Self.blockLength)
            for start in Swift.stride(from: 0, to: length, by: 32) {
                let both = SIMD32(
                    lowHalf: csimd_load_where(Self.mask(length &- start), row + start),
                    highHalf: csimd_load_where(Self.mask(length &- start &- 16), row + (start &+ 16)))
                let words = csimd_pair_bfloats(both.evenHalf, both.oddHalf)
                let first = start / 2
                if length &- start >= 32 {
                    for index in 0..<16 { target[(first &+ index) &* Self.blockLength] = words[index] }
                } else {
                    for index in 0..<(length &- start &+ 1) / 2 {
                        target[(first &+ index) &* Self.blockLength] = words[index]
                    }
                }
            }
        }
    }

    /// Fills vectors that are the rows of a matrix of bfloat16 numbers.
    ///
    /// - Parameters:
    ///   - vectors: from a multiple of 16 on.
    ///   - rows: the rows, one after the other, each of `length` numbers.
    ///   - length: the number of columns, which is even and that of the longest vectors.
    package func fill(rows vectors: Range<Int>, fromBFloats rows: UnsafeRawPointer, length: Int) {
        precondition(length == 2 * pairCapacity)
        for start in stride(from: 0, to: vectors.count, by: Self.blockLength) {
            csimd_interleave_words(
                rows + start * 2 * length, 2 * length,
                Int32(truncatingIfNeeded: min(Self.blockLength, vectors.count - start)), pairCapacity,
                block(vectors.lowerBound + start))
        }
    }

    /// Products of some vectors with some of `others`.
    ///
    /// - Parameters:
    ///   - vectors: from a multiple of 16 on.
    ///   - others: what they are multiplied with.
    ///   - otherVectors: which of `others`, from a multiple of 16 on.
    ///   - length: how many of their first elements are multiplied.
    ///   - tile: room for ``tileLength`` × ``tileLength`` values.
    ///   - body: receives, row by row, pieces of the products: a vector, others, and their products.
    @inlinable
    public func forEachProduct(
        _ vectors: Range<Int>, with others: BFloat16Panels, _ otherVectors: Range<Int>, length: Int,
        tile: UnsafeMutablePointer<Float>,
        _ body: (_ vector: Int, _ others: Range<Int>, _ products: UnsafePointer<Float>) -> Void
    ) {
        let side = Self.tileLength
        for top in stride(from: vectors.lowerBound, to: vectors.upperBound, by: side) {
            let rows = top..<min(vectors.upperBound, top &+ side)
            for left in stride(from: otherVectors.lowerBound, to: otherVectors.upperBound, by: side) {
                let columns = left..<min(otherVectors.upperBound, left &+ side)
                tile.update(repeating: 0, count: side &* side)
                addProducts(rows, with: others, columns, elements: 0..<length, to: tile)
                for row in rows { body(row, columns, UnsafePointer(tile + (row &- top) &* side)) }
            }
        }
    }

    /// Adds products of some vectors with some of `others`.
    ///
    /// - Parameters:
    ///   - vectors: up to ``tileLength`` of them, from a multiple of 8 on.
    ///   - others: what they are multiplied with.
    ///   - otherVectors: up to ``tileLength`` of `others`, from a multiple of 16 on.
    ///   - elements: which of both sides' elements are multiplied, from an even number on.
    ///   - tile: ``tileLength`` × ``tileLength`` values, of which those of the vectors, in multiples of 8 × 32, are changed.
    public func addProducts(
        _ vectors: Range<Int>, with others: BFloat16Panels, _ otherVectors: Range<Int>, elements: Range<Int>,
        to tile: UnsafeMutablePointer<Float>
    ) {
        precondition(vectors.count <= Self.tileLength && otherVectors.count <= Self.tileLength)
        let start = elements.lowerBound / 2
        let first = vectors.lowerBound % Self.blockLength
        csimd_add_bfloat_products(
            block(vectors.lowerBound &- first) + start &* Self.blockLength, pairCapacity &* Self.blockLength, first,
            vectors.count, others.block(otherVectors.lowerBound) + start &* Self.blockLength,
            others.pairCapacity &* Self.blockLength, otherVectors.count, (elements.upperBound &+ 1) / 2 &- start, tile,
            Self.tileLength)
    }
}
