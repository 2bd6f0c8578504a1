import CSIMD
import Tensors

// Microscaling formats: codes are 4-bit floats, scales 8-bit floats. The levels are doubled, the scales halved for it.

/// MXFP4 (17 bytes, 32 elements): the exponent of a power of two as an E8M0 byte, 16 bytes of codes as in Q4_0.
///
/// Source: OCP Microscaling Formats (MX) v1.0. Byte e stands for 2^(e − 127).
struct MXFP4Codec: ScalarCodec {
    var policy = EncodingPolicy(elementWeight: .fourthRoot)
    var type: TensorType { .mxfp4 }
    static var byteCount: Int { 17 }
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { nil }
    static var grid: FourBitFloatGrid { FourBitFloatGrid() }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> { block.nibbles(1, vector) }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeNibbles(codes, 1, vector)
    }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { scale(exponent: Int(block.byte(0))) }

    @inline(__always)
    private static func scale(exponent: Int) -> Float {
        let exponent = UInt32(truncatingIfNeeded: exponent)
        // The two least are below the normal numbers.
        return Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent &- 1) << 23)
    }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        if step == ScaleStep() { return (scale(block, part), nil) }
        return movedExponent(block, step).map { (scale(exponent: $0), nil) }
    }

    private static func movedExponent(_ block: UnsafeRawPointer, _ step: ScaleStep) -> Int? {
        let exponent = Int(block.byte(0)) &+ step.scale
        return step.offset == 0 && 2...252 ~= exponent ? exponent : nil
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let exponent = Self.movedExponent(block, step) else { return false }
        block.storeByte(Int32(truncatingIfNeeded: exponent), 0)
        return true
    }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let greatest = elements.greatestMagnitude(32)
        guard greatest > 0 else { return block.storeByte(0, 0) }
        let grid = Self.grid
        // The least power of two under which no element is clipped, and three below it.
        var scale = Float(bitPattern: ((greatest * (1 / 12 as Float)).bitPattern & 0x7f80_0000) &+ 0x0080_0000)
        var best = (scale: scale, error: Float.infinity)
        for _ in 0..<4 {
            let error = grid.error(elements.values, elements.weights, count: 32, scale: scale)
            if error < best.error { best = (scale, error) }
            scale *= 0.5
        }
        let exponent = Int32((best.scale * elements.unit).bitPattern >> 23) &+ 1
        block.storeByte(min(max(exponent, 2), 252), 0)
    }
}

/// NVFP4 (36 bytes, 64 elements): per 16 elements a scale as an unsigned E4M3 float, then per 16 elements 8 bytes of codes, the
/// first half of the elements in the low nibbles.
struct NVFP4Codec: ScalarCodec {
    var policy = EncodingPolicy(elementWeight: .fourthRoot)
    var type: TensorType { .nvfp4 }
    static var byteCount: Int { 36 }
    static var partCount: Int { 4 }
    static var vectorsPerPart: Int { 1 }
    static var factorOffset: Int? { nil }
    static var grid: FourBitFloatGrid { FourBitFloatGrid() }

    @inline(__always)
    static func codes(_ block: UnsafeRawPointer, _ vector: Int) -> SIMD16<UInt8> {
        let bytes = block.loadUnaligned(fromByteOffset: 4 &+ 8 &* vector, as: SIMD8<UInt8>.self)
        return SIMD16(lowHalf: bytes & 15, highHalf: bytes &>> 4)
    }

    @inline(__always)
    static func storeCodes(_ codes: SIMD16<UInt8>, _ block: UnsafeMutableRawPointer, _ vector: Int) {
        block.storeBytes(
            of: codes.lowHalf | codes.highHalf &<< 4, toByteOffset: 4 &+ 8 &* vector, as: SIMD8<UInt8>.self)
    }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { scale(block.byte(part)) }

    /// Half of what a byte stands for; as ggml has it the sign is ignored, and 0x7f, a NaN elsewhere, is zero.
    @inline(__always)
    private static func scale(_ byte: UInt8) -> Float {
        if byte == 0x7f { return 0 }
        let bits = UInt32(byte & 0x7f)
        // Below 8 there is only a fraction; from there on exponent and fraction are placed in those of a float.
        return bits < 8 ? Float(bits) * 0x1p-10 : Float(bitPattern: bits << 20 &+ 119 << 23)
    }

    private static func movedByte(_ block: UnsafeRawPointer, _ part: Int, _ step: ScaleStep) -> Int? {
        let byte = Int(block.byte(part)) &+ step.scale
        return step.offset == 0 && 1...126 ~= byte ? byte : nil
    }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        if step == ScaleStep() { return (scale(block, part), nil) }
        return movedByte(block, part, step).map { (scale(UInt8(truncatingIfNeeded: $0)), nil) }
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let byte = Self.movedByte(block, part, step) else { return false }
        block.storeByte(Int32(truncatingIfNeeded: byte), part)
        return true
    }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let grid = Self.grid
        for part in 0..<4 {
            let elements = elements.dropFirst(16 &* part)
            let greatest = elements.greatestMagnitude(16) * elements.unit * (1 / 12 as Float)
            // The least byte under which no element is clipped, three above and twelve below it.
            let byte =
                1 + (greatest < 0x1p-7 ? Int32(greatest * 0x1p10) : Int32(min(greatest, 256).bitPattern >> 20) - 952)
            var scales = Lanes()
            let first = min(max(byte &- 12, 1), 111)
            for lane in 0..<16 {
                scales[lane] = Self.scale(UInt8(truncatingIfNeeded: first &+ Int32(lane))) * (1 / elements.unit)
            }
            let errors = grid.errors(elements.values, elements.weights, count: 16, scales: scales)
            block.storeByte(greatest > 0 ? first &+ Int32(errors.indexOfLeast) : 0, part)
        }
    }
}
