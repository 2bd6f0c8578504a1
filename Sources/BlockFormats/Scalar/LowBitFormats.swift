import CSIMD
import Tensors

/// Q1_0 (18 bytes, 128 elements): scale, 16 bytes of codes; value = scale where the bit is set, otherwise −scale.
struct Q1_0Codec: ScalarCodec {
    var policy = EncodingPolicy(elementWeight: .fourthRoot, gainRestoration: 0.75)
    var type: TensorType { .q1_0 }
    static var byteCount: Int { 18 }
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 8 }
    static var factorOffset: Int? { 0 }
    static var grid: SignGrid { SignGrid() }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.bits(2, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeBits(codes, 2, vector)
    }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(0) }

    /// The mean magnitude, by weight, is the best scale.
    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        var products = Lanes()
        var weights = Lanes()
        for start in stride(from: 0, to: 128, by: 16) {
            let lanes = elements.values.lanes(start)
            products = csimd_multiply_add(csimd_maximum(lanes, -lanes), elements.weights.lanes(start), products)
            weights += elements.weights.lanes(start)
        }
        block.storeHalf(elements.storable(csimd_sum(products) / csimd_sum(weights)) * elements.unit, 0)
    }
}

/// Q2_0 (18 bytes, 64 elements): scale, 16 bytes of codes, four neighbouring elements in a byte;
/// value = (code − 1) · scale.
///
/// The levels are −1, 0, 1 and 2; a negative scale makes them 1, 0, −1 and −2.
struct Q2_0Codec: ScalarCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .q2_0 }
    static var byteCount: Int { 18 }
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 4 }
    static var factorOffset: Int? { 0 }
    static var grid: IntegerGrid { IntegerGrid(lowest: -1, highest: 2) }

    @inline(__always)
    private static var shifts: SIMD16<UInt32> {
        SIMD16(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        let word = SIMD16<UInt32>(repeating: block.uint32(2 &+ 4 &* vector))
        return SIMD16<UInt8>(truncatingIfNeeded: (word &>> shifts) & 3)
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        // The product's highest byte is c₀ + 4 c₁ + 16 c₂ + 64 c₃, and nothing is carried into it.
        let words = (unsafeBitCast(codes, to: SIMD4<UInt32>.self) &* 0x0104_1040) &>> 24
        block.storeBytes(
            of: SIMD4<UInt8>(truncatingIfNeeded: words), toByteOffset: 2 &+ 4 &* vector, as: SIMD4<UInt8>.self)
    }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(0) }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let scale = ThresholdSearch(hasTwo: true).bestScale(elements, count: 64, work: room)
        block.storeHalf(elements.storable(scale) * elements.unit, 0)
    }
}
