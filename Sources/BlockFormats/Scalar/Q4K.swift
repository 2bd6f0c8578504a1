import Tensors

/// Q4_K: 256 elements share two half-precision factors; every 32 have a scale and a minimum of 6 bits; codes of 4 bits.
///
/// Layout (144 bytes): the factor of the scales, the factor of the minima; 12 bytes of ``SixBitScales``; 128 bytes of codes,
/// of each 64 elements the first half in the low nibbles.
/// value = factor · scale · code − factor of minima · minimum.
struct Q4KCodec: SixBitScalesCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q4_K }
    static var byteCount: Int { 144 }
    static var grid: IntegerGrid { IntegerGrid(lowest: 0, highest: 15) }
    static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 15, minimumIsNeverPositive: true, clips: [-0.02, 0.03, 0.09]),
        partLength: 32, highestMultiple: 63, starts: 1)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.fields(nibbleOffset(16, vector), shift: nibbleShift(vector), mask: 15)
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeFields(codes, nibbleOffset(16, vector), shift: nibbleShift(vector), mask: 15)
    }
}

/// Q5_K: as Q4_K, with a fifth bit per code.
///
/// Layout (176 bytes): the two factors; 12 bytes of ``SixBitScales``; 32 bytes of fifth bits, bit i of byte j for element j
/// of the i-th 32; 128 bytes of lower bits, of each 64 elements the first half in the low nibbles.
struct Q5KCodec: SixBitScalesCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q5_K }
    static var byteCount: Int { 176 }
    static var grid: IntegerGrid { IntegerGrid(lowest: 0, highest: 31) }
    static let superblock = AffineSuperblock(
        search: AffineSearch(highest: 31, minimumIsNeverPositive: true, clips: [-0.01, 0.015, 0.045]),
        partLength: 32, highestMultiple: 63, starts: 1)

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        let low = block.fields(nibbleOffset(48, vector), shift: nibbleShift(vector), mask: 15)
        return low | block.fields(16 &+ 16 &* (vector & 1), shift: vector >> 1, mask: 1) &<< 4
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeFields(codes, nibbleOffset(48, vector), shift: nibbleShift(vector), mask: 15)
        block.storeFields(codes &>> 4, 16 &+ 16 &* (vector & 1), shift: vector >> 1, mask: 1)
    }
}

/// What Q4_K and Q5_K have in common: two factors, then ``SixBitScales``.
protocol SixBitScalesCodec: AffineSuperblockCodec {}

extension SixBitScalesCodec {
    static var partCount: Int { 8 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { 0 }
    static var minimumFactorOffset: Int? { 2 }

    @inline(__always)
    static func multiples(_ block: UnsafeRawPointer, _ part: Int) -> (scale: Int, minimum: Int) {
        (Int(SixBitScales.scale(block + 4, part)), Int(SixBitScales.minimum(block + 4, part)))
    }

    static func setMultiples(_ scale: Int, _ minimum: Int, part: Int, in block: UnsafeMutableRawPointer) {
        var scales = SIMD16<Int32>()
        var minima = SIMD16<Int32>()
        for index in 0..<8 {
            let old = multiples(block, index)
            scales[index] = Int32(truncatingIfNeeded: index == part ? scale : old.scale)
            minima[index] = Int32(truncatingIfNeeded: index == part ? minimum : old.minimum)
        }
        store(scales, minima, into: block)
    }

    @inline(__always)
    fileprivate static func nibbleOffset(_ offset: Int, _ vector: Int) -> Int {
        offset &+ 32 &* (vector >> 2) &+ 16 &* (vector & 1)
    }

    @inline(__always)
    fileprivate static func nibbleShift(_ vector: Int) -> Int { 2 &* (vector & 2) }

    static func storeMultiples(_ scales: AffineSuperblock.Scales, into block: UnsafeMutableRawPointer) {
        store(scales.scales, scales.minima, into: block)
    }

    @inline(__always)
    private static func store(
        _ scales: SIMD16<Int32>, _ minima: SIMD16<Int32>, into block: UnsafeMutableRawPointer
    ) {
        withUnsafeBytes(of: scales) { scales in
            withUnsafeBytes(of: minima) { minima in
                SixBitScales.store(
                    scales.assumingMemoryBound(to: Int32.self).baseAddress!,
                    minima.assumingMemoryBound(to: Int32.self).baseAddress!, into: block + 4)
            }
        }
    }
}
