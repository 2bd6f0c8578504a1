import Tensors

/// Q6_K: 256 elements share a half-precision factor; every 16 have a signed scale of 8 bits; codes from −32 to 31.
///
/// Layout (210 bytes), per 128 elements: 64 bytes with the low 4 bits of elements 0…63 in their low and of 64…127 in their
/// high nibbles; then 32 bytes per 128 with the upper 2 bits, quarter i in bits 2 i and 2 i + 1; 16 scales; the factor.
/// value = factor · scale · code.
struct Q6KCodec: ScaledSuperblockCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q6_K }
    static var byteCount: Int { 210 }
    static var partCount: Int { 16 }
    static var vectorsPerPart: Int { 1 }
    static var factorOffset: Int? { 208 }
    static var grid: IntegerGrid { IntegerGrid(lowest: -32, highest: 31) }
    static let superblock = ScaledSuperblock(
        search: ScaleSearch(grid: grid, span: 0.97...1.12), steps: 8, partLength: 16, lowestMultiple: -128,
        highestMultiple: 127, reach: 5, refinedReach: 3)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.fields(lowOffset(vector), shift: vector & 4, mask: 15) | block.quarters(128, vector) &<< 4
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeFields(codes, lowOffset(vector), shift: vector & 4, mask: 15)
        block.storeQuarters(codes &>> 4, 128, vector)
    }

    @inline(__always)
    private static func lowOffset(_ vector: Int) -> Int { 64 &* (vector >> 3) &+ 16 &* (vector & 3) }

    @inline(__always)
    static func multiple(_ block: UnsafeRawPointer, _ part: Int) -> Int32 {
        Int32(Int8(bitPattern: block.byte(192 &+ part)))
    }

    static func storeMultiples(_ multiples: UnsafePointer<Int32>, into block: UnsafeMutableRawPointer) {
        for part in 0..<16 { block.storeByte(multiples[part], 192 &+ part) }
    }
}
