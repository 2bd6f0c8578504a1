import CSIMD
import Tensors

/// The sixteen levels of IQ4_NL and IQ4_XS, denser around zero.
///
/// Source: ggml (MIT licence), `kvalues_iq4nl` in ggml-common.h.
private let levels = SixteenLevelGrid(
    levels: Lanes(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113), drawerWidth: 13.25,
    drawerStart: -117)

/// IQ4_NL (18 bytes, 32 elements): scale, 16 bytes of codes as in Q4_0; value = level of the code · scale.
struct IQ4NLCodec: SingleScaleCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .iq4_NL }
    static var byteCount: Int { 18 }
    static var grid: SixteenLevelGrid { levels }
    static let search = ScaleSearch(grid: levels, span: 0.9...1.5)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.nibbles(2, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 2, vector)
    }
}

/// IQ4_XS: 256 elements share a half-precision factor; every 32 have a scale of 6 bits and codes as in IQ4_NL.
///
/// Layout (136 bytes): the factor; 16 bits with the upper 2 bits of the scales; 4 bytes with their lower 4 bits; per 32
/// elements 16 bytes of codes. value = factor · (scale − 32) · level of the code.
struct IQ4XSCodec: ScaledSuperblockCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .iq4_XS }
    static var byteCount: Int { 136 }
    static var partCount: Int { 8 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { 0 }
    static var grid: SixteenLevelGrid { levels }
    static let superblock = ScaledSuperblock(
        search: ScaleSearch(grid: levels, span: 0.9...1.5), steps: 16, partLength: 32, lowestMultiple: -32,
        highestMultiple: 31, reach: 7, refinedReach: 1)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.nibbles(8, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 8, vector)
    }

    @inline(__always)
    static func multiple(_ block: UnsafeRawPointer, _ part: Int) -> Int32 {
        let low = Int32(block.byte(4 &+ part >> 1)) >> Int32(4 &* (part & 1)) & 15
        let high = Int32(block.uint16(2)) >> Int32(2 &* part) & 3
        return low | high << 4 &- 32
    }

    static func storeMultiples(_ multiples: UnsafePointer<Int32>, into block: UnsafeMutableRawPointer) {
        var high: UInt16 = 0
        for part in 0..<8 {
            high |= UInt16(truncatingIfNeeded: (multiples[part] &+ 32) >> 4) << UInt16(2 &* part)
        }
        block.storeBytes(of: high, toByteOffset: 2, as: UInt16.self)
        for pair in 0..<4 {
            block.storeByte(multiples[2 &* pair] & 15 | (multiples[2 &* pair &+ 1] & 15) << 4, 4 &+ pair)
        }
    }
}
