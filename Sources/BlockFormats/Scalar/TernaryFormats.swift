import CSIMD
import Tensors

/// A format whose 256 elements are −1, 0 or 1 times one half-precision scale.
protocol TernaryCodec: ScalarCodec {}

extension TernaryCodec {
    static var grid: IntegerGrid { IntegerGrid(lowest: -1, highest: 1) }
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 16 }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(factorOffset ?? 0) }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let scale = ThresholdSearch(hasTwo: false).bestScale(elements, count: 256, work: room)
        block.storeHalf(elements.storable(scale) * elements.unit, Self.factorOffset ?? 0)
    }
}

/// TQ2_0 (66 bytes): 64 bytes of codes as in Q2_K, the scale; value = (code − 1) · scale.
struct TQ2_0Codec: TernaryCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .tq2_0 }
    static var byteCount: Int { 66 }
    static var factorOffset: Int? { 64 }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.quarters(0, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeQuarters(codes, 0, vector)
    }
}

/// TQ1_0 (54 bytes): 48 bytes with five codes each, 4 bytes with four, the scale; value = (code − 1) · scale.
///
/// A byte stands for the number n from 0 to 242 whose digits to the base 3, the highest first, are its codes. It is stored
/// as ⌈256 n / 243⌉: multiplied by 3 it then has the next digit above its eight bits, the rest in them. Digit i of the first 32
/// bytes belongs to elements 32 i and following, of the next 16 bytes to 160 + 16 i, of the last 4 to 240 + 4 i.
struct TQ1_0Codec: TernaryCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .tq1_0 }
    static var byteCount: Int { 54 }
    static var factorOffset: Int? { 52 }

    /// The bytes in which sixteen elements lie, by an offset, and which digit of them they are.
    @inline(__always)
    private static func place(_ vector: Int) -> (offset: Int, digit: Int) {
        vector < 10 ? (16 &* (vector & 1), vector >> 1) : (32, vector &- 10)
    }

    private static var powers: SIMD8<UInt8> { SIMD8(1, 3, 9, 27, 81, 243, 0, 0) }
    /// Digit i of bytes j in lane 4 i + j.
    private static var lastPowers: SIMD16<UInt8> {
        SIMD16(1, 1, 1, 1, 3, 3, 3, 3, 9, 9, 9, 9, 27, 27, 27, 27)
    }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        if vector < 15 {
            let place = place(vector)
            return firstDigits(block.bytes16(place.offset) &* powers[place.digit])
        }
        let bytes = unsafeBitCast(SIMD4(repeating: block.uint32(48)), to: SIMD16<UInt8>.self)
        return firstDigits(bytes &* lastPowers)
    }

    @inline(__always)
    private static func firstDigits(_ bytes: SIMD16<UInt8>) -> SIMD16<UInt8> {
        SIMD16<UInt8>(truncatingIfNeeded: (SIMD16<UInt16>(truncatingIfNeeded: bytes) &* 3) &>> 8)
    }

    /// The byte that stands for a number.
    ///
    /// ⌈256 n / 243⌉ = n + ⌊(13 n + 242) / 243⌋, and this quotient is ⌊(13 n + 242) · 34522 / 2²³⌋ for all n up to 242.
    @inline(__always)
    private static func stored(_ numbers: SIMD16<UInt16>) -> SIMD16<UInt8> {
        let product = SIMD16<UInt32>(truncatingIfNeeded: numbers &* 13 &+ 242) &* 34522
        return SIMD16<UInt8>(
            truncatingIfNeeded: numbers &+ (SIMD16<UInt16>(truncatingIfNeeded: product &>> 16) &>> 7))
    }

    @inline(__always)
    static func storeNearestCodes(_ row: UnsafePointer<Float>, into block: UnsafeMutableRawPointer, _ grid: Grid) {
        let scale = scale(block, 0)
        let inverse = scale != 0 ? 1 / scale : 0
        for place in 0..<3 {
            // Where the bytes are, and which vectors have their digits.
            let (offset, first, step) = place < 2 ? (16 &* place, place, 2) : (32, 10, 1)
            var numbers = SIMD16<UInt16>()
            for digit in 0..<5 {
                let codes = grid.codes(row.lanes(16 &* (first &+ step &* digit)) * inverse)
                numbers = numbers &* 3 &+ SIMD16<UInt16>(truncatingIfNeeded: codes)
            }
            block.storeBytes(of: stored(numbers), toByteOffset: offset, as: SIMD16<UInt8>.self)
        }
        storeCodes(grid.codes(row.lanes(240) * inverse), block, 15)
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        if vector < 15 {
            let place = place(vector)
            let bytes = UnsafeRawPointer(block).bytes16(place.offset)
            let former = firstDigits(bytes &* powers[place.digit])
            let number = (SIMD16<UInt16>(truncatingIfNeeded: bytes) &* 243) &>> 8
            let change =
                SIMD16<UInt16>(truncatingIfNeeded: codes) &- SIMD16<UInt16>(truncatingIfNeeded: former)
            let changed = number &+ change &* UInt16(powers[4 &- place.digit])
            block.storeBytes(of: stored(changed), toByteOffset: place.offset, as: SIMD16<UInt8>.self)
        } else {
            let digits = codes &* SIMD16(81, 81, 81, 81, 27, 27, 27, 27, 9, 9, 9, 9, 3, 3, 3, 3)
            let pairs = digits.lowHalf &+ digits.highHalf
            let numbers = SIMD4<UInt16>(truncatingIfNeeded: pairs.lowHalf &+ pairs.highHalf)
            let product = SIMD4<UInt32>(truncatingIfNeeded: numbers &* 13 &+ 242) &* 34522
            let stored = numbers &+ (SIMD4<UInt16>(truncatingIfNeeded: product &>> 16) &>> 7)
            block.storeBytes(of: SIMD4<UInt8>(truncatingIfNeeded: stored), toByteOffset: 48, as: SIMD4<UInt8>.self)
        }
    }
}
