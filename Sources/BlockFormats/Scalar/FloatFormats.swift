import Tensors

/// Little-endian IEEE single precision.
struct Float32Codec: BlockCodec {
    var type: TensorType { .f32 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: 4 &* count)
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        target.copyMemory(from: row, byteCount: 4 &* count)
    }
}

/// IEEE half precision.
///
/// Encoding rounds to nearest, ties to even. Finite values beyond 65504 become ±65504, where ggml writes an infinity: one
/// weight a little too small is harmless, one infinite weight makes every output of its layer infinite or NaN.
struct Float16Codec: BlockCodec {
    var type: TensorType { .f16 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            target[index] = Float(source.loadUnaligned(fromByteOffset: 2 &* index, as: Float16.self))
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        for index in 0..<count {
            let value = row[index]
            let clamped = value.magnitude < .infinity ? max(-65504, min(65504, value)) : value
            target.storeBytes(of: Float16(clamped), toByteOffset: 2 &* index, as: Float16.self)
        }
    }
}

/// The upper halves of single-precision numbers; encoding rounds to nearest, ties to even.
struct BFloat16Codec: BlockCodec {
    var type: TensorType { .bf16 }
    var requiresImportance: Bool { false }

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        for index in 0..<count {
            let bits = source.loadUnaligned(fromByteOffset: 2 &* index, as: UInt16.self)
            target[index] = Float(bitPattern: UInt32(bits) << 16)
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        for index in 0..<count {
            target.storeBytes(of: BFloat16(row[index]).bitPattern, toByteOffset: 2 &* index, as: UInt16.self)
        }
    }
}
