import Tensors

/// Q3_K: 256 elements share a half-precision factor; every 16 have a scale of 6 bits; codes from −4 to 3.
///
/// Layout (110 bytes): 32 bytes of upper bits, bit i of byte j for element j of the i-th 32; 64 bytes with the lower 2 bits as
/// in Q2_K; 8 bytes with the lower 4 bits of scales 0…7 and (upper half) 8…15; 4 bytes with their upper 2 bits, scale
/// 4 i + j in bits 2 i and 2 i + 1 of byte j; the factor. value = factor · (scale − 32) · code.
struct Q3KCodec: ScaledSuperblockCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1.3)
    var type: TensorType { .q3_K }
    static var byteCount: Int { 110 }
    static var partCount: Int { 16 }
    static var vectorsPerPart: Int { 1 }
    static var factorOffset: Int? { 108 }
    static var grid: IntegerGrid { IntegerGrid(lowest: -4, highest: 3) }
    static let superblock = ScaledSuperblock(
        search: ScaleSearch(grid: grid, span: 0.8...1.9), steps: 16, partLength: 16, lowestMultiple: -32,
        highestMultiple: 31, reach: 7, refinedReach: 1)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.quarters(32, vector) | block.fields(16 &* (vector & 1), shift: vector >> 1, mask: 1) &<< 2
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeQuarters(codes, 32, vector)
        block.storeFields(codes &>> 2, 16 &* (vector & 1), shift: vector >> 1, mask: 1)
    }

    @inline(__always)
    static func multiple(_ block: UnsafeRawPointer, _ part: Int) -> Int32 {
        let low = Int32(block.byte(96 &+ part & 7)) >> Int32(4 &* (part >> 3)) & 15
        let high = Int32(block.byte(104 &+ part & 3)) >> Int32(2 &* (part >> 2)) & 3
        return low | high << 4 &- 32
    }

    static func storeMultiples(_ multiples: UnsafePointer<Int32>, into block: UnsafeMutableRawPointer) {
        for byte in 0..<8 { block.storeByte(multiples[byte] & 15 | (multiples[byte &+ 8] & 15) << 4, 96 &+ byte) }
        for byte in 0..<4 {
            var bits: Int32 = 0
            for place in 0..<4 { bits |= ((multiples[4 &* place &+ byte] &+ 32) >> 4) << Int32(2 &* place) }
            block.storeByte(bits, 104 &+ byte)
        }
    }
}
