import CSIMD
import TensorCore

// The formats with blocks of 32 elements, of which the first 16 are in the low and the others in the high nibbles.

/// Q4_0 (18 bytes): scale, 16 bytes of codes; value = (code − 8) · scale.
struct Q4_0Codec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q4_0 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 32 {
            let block = source + index &* 18
            let scale = block.half(0)
            let codes = block.bytes16(2)
            target.store((Lanes(codes: codes & 15) - 8) * scale, index &* 32)
            target.store((Lanes(codes: codes &>> 4) - 8) * scale, index &* 32 &+ 16)
        }
    }
}

/// Q4_1 (20 bytes): scale, minimum, 16 bytes of codes; value = code · scale + minimum.
struct Q4_1Codec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q4_1 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 32 {
            let block = source + index &* 20
            let scale = block.half(0)
            let minimum = block.half(2)
            let codes = block.bytes16(4)
            target.store(Lanes(codes: codes & 15) * scale + minimum, index &* 32)
            target.store(Lanes(codes: codes &>> 4) * scale + minimum, index &* 32 &+ 16)
        }
    }
}

/// Q5_0 (22 bytes): scale, 32 fifth bits, 16 bytes of lower bits; value = (code − 16) · scale.
struct Q5_0Codec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q5_0 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 32 {
            let block = source + index &* 22
            let scale = block.half(0)
            let fifth = block.uint32(2)
            let codes = block.bytes16(6)
            target.store((Lanes(codes: codes & 15 | FifthBits.spread(fifth)) - 16) * scale, index &* 32)
            target.store((Lanes(codes: codes &>> 4 | FifthBits.spread(fifth >> 16)) - 16) * scale, index &* 32 &+ 16)
        }
    }
}

/// Q5_1 (24 bytes): scale, minimum, 32 fifth bits, 16 bytes of lower bits; value = code · scale + minimum.
struct Q5_1Codec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q5_1 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 32 {
            let block = source + index &* 24
            let scale = block.half(0)
            let minimum = block.half(2)
            let fifth = block.uint32(4)
            let codes = block.bytes16(8)
            target.store(Lanes(codes: codes & 15 | FifthBits.spread(fifth)) * scale + minimum, index &* 32)
            target.store(Lanes(codes: codes &>> 4 | FifthBits.spread(fifth >> 16)) * scale + minimum, index &* 32 &+ 16)
        }
    }
}

/// The fifth bits of codes, kept apart from the others as one number of 32 bits.
enum FifthBits {
    /// The low sixteen bits, each as the value 16 in a byte.
    @inline(__always)
    static func spread(_ bits: UInt32) -> SIMD16<UInt8> { csimd_fifth_bits(bits) }

    /// Bit 4 of sixteen codes.
    @inline(__always)
    static func gather(_ codes: SIMD16<UInt8>) -> UInt32 {
        var bits: UInt32 = 0
        for lane in 0..<16 { bits |= UInt32(codes[lane] >> 4 & 1) << UInt32(lane) }
        return bits
    }
}

/// Q8_0 (34 bytes): scale, 32 signed codes; value = code · scale.
struct Q8_0Codec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .q8_0 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count / 32 {
            let block = source + index &* 34
            let scale = block.half(0)
            target.store(Lanes(codes: block.signedBytes16(2)) * scale, index &* 32)
            target.store(Lanes(codes: block.signedBytes16(18)) * scale, index &* 32 &+ 16)
        }
    }
}
