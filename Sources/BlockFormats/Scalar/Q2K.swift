import Tensors

/// Q2_K: 256 elements share two half-precision factors; every 16 have a scale and a minimum of 4 bits; codes of 2 bits.
///
/// Layout (84 bytes): 16 bytes of scale and (upper half) minimum; 64 bytes of codes, of each 128 elements the 32-element
/// quarter i in bits 2 i and 2 i + 1; the factor of the scales, the factor of the minima.
/// value = factor · scale · code − factor of minima · minimum.
struct Q2KCodec: AffineSuperblockCodec {
    var policy = EncodingPolicy(gainRestoration: 1.3)
    var type: TensorType { .q2_K }
    static var byteCount: Int { 84 }
    static var partCount: Int { 16 }
    static var vectorsPerPart: Int { 1 }
    static var factorOffset: Int? { 80 }
    static var minimumFactorOffset: Int? { 82 }
    static var grid: IntegerGrid { IntegerGrid(lowest: 0, highest: 3) }
    static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 3, minimumIsNeverPositive: true, clips: [-0.1, 0.075, 0.225]),
        partLength: 16, highestMultiple: 15, starts: 2)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.quarters(16, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeQuarters(codes, 16, vector)
    }

    @inline(__always)
    static func multiples(_ block: UnsafeRawPointer, _ part: Int) -> (scale: Int, minimum: Int) {
        (Int(block.byte(part) & 15), Int(block.byte(part) >> 4))
    }

    static func setMultiples(_ scale: Int, _ minimum: Int, part: Int, in block: UnsafeMutableRawPointer) {
        block.storeByte(Int32(truncatingIfNeeded: scale | minimum << 4), part)
    }

    static func storeMultiples(_ scales: AffineSuperblock.Scales, into block: UnsafeMutableRawPointer) {
        for part in 0..<16 { block.storeByte(scales.scales[part] | scales.minima[part] << 4, part) }
    }
}
