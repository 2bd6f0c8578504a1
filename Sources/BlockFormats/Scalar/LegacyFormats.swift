import CSIMD
import Tensors

// The formats with blocks of 32 elements, of which the first 16 are in the low and the others in the high nibbles.

/// Q4_0 (18 bytes): scale, 16 bytes of codes; value = (code − 8) · scale.
struct Q4_0Codec: SingleScaleCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q4_0 }
    static var byteCount: Int { 18 }
    static var grid: IntegerGrid { IntegerGrid(lowest: -8, highest: 7) }
    static var search: ScaleSearch<IntegerGrid> { ScaleSearch(grid: grid, span: 0.92...1.52) }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.nibbles(2, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 2, vector)
    }
}

/// Q4_1 (20 bytes): scale, minimum, 16 bytes of codes; value = code · scale + minimum.
struct Q4_1Codec: SingleAffineCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q4_1 }
    static var byteCount: Int { 20 }
    static var grid: IntegerGrid { IntegerGrid(lowest: 0, highest: 15) }
    static let search = AffineSearch(
        highest: 15, minimumIsNeverPositive: false, clips: [-0.01, 0.02, 0.06, 0.12])

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.nibbles(4, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 4, vector)
    }
}

/// Q5_0 (22 bytes): scale, 32 fifth bits, 16 bytes of lower bits; value = (code − 16) · scale.
struct Q5_0Codec: SingleScaleCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q5_0 }
    static var byteCount: Int { 22 }
    static var grid: IntegerGrid { IntegerGrid(lowest: -16, highest: 15) }
    static var search: ScaleSearch<IntegerGrid> { ScaleSearch(grid: grid, span: 0.96...1.26) }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.nibbles(6, vector) | block.bits(2, vector) &<< 4
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 6, vector)
        block.storeBits(codes & 16, 2, vector)
    }
}

/// Q5_1 (24 bytes): scale, minimum, 32 fifth bits, 16 bytes of lower bits; value = code · scale + minimum.
struct Q5_1Codec: SingleAffineCodec {
    var policy = EncodingPolicy(elementWeight: .importance, gainRestoration: 1)
    var type: TensorType { .q5_1 }
    static var byteCount: Int { 24 }
    static var grid: IntegerGrid { IntegerGrid(lowest: 0, highest: 31) }
    static let search = AffineSearch(
        highest: 31, minimumIsNeverPositive: false, clips: [-0.005, 0.01, 0.03, 0.07])

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.nibbles(8, vector) | block.bits(4, vector) &<< 4
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 8, vector)
        block.storeBits(codes & 16, 4, vector)
    }
}

/// Q8_0 (34 bytes): scale, 32 signed codes; value = code · scale.
struct Q8_0Codec: ScalarCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q8_0 }
    static var byteCount: Int { 34 }
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { 0 }
    /// Not down to −128: there are kernels that cannot negate it.
    static var grid: IntegerGrid { IntegerGrid(lowest: -127, highest: 127, zeroCode: 128) }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        block.bytes16(2 &+ 16 &* vector) ^ 128
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeBytes(of: codes ^ 128, toByteOffset: 2 &+ 16 &* vector, as: SIMD16<UInt8>.self)
    }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(0) }

    /// Scales to try, as multiples of the one that just covers the block: which of them suits the heaviest elements best is
    /// chance, but worth a third of the squared error.
    private static var multiples: Lanes { Lanes.ramp * 0.003 + 0.997 }

    @inline(__always)
    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let grid = Self.grid
        let greatest = elements.greatestMagnitude(32)
        let scales = elements.storable(Self.multiples * (greatest / 127))
        // Where half precision leaves scales as large as they should be, nothing rounds to more than the highest level.
        let errors =
            csimd_least(scales) * 127.49 > greatest
            ? IntegerGrid.errors(elements.values, elements.weights, count: 32, scales: scales, csimd_round)
            : grid.errors(elements.values, elements.weights, count: 32, scales: scales)
        block.storeHalf(scales[errors.indexOfLeast] * elements.unit, 0)
    }
}
