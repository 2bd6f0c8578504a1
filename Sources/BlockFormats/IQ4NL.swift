import CSIMD
import TensorCore

/// IQ4_NL (18 bytes, 32 elements): scale, 16 bytes of codes as in Q4_0; value = level of the code · scale.
///
/// Source of the levels: ggml (MIT licence), `kvalues_iq4nl` in ggml-common.h.
struct IQ4NLCodec: QuantizingCodec {
    var policy = EncodingPolicy()
    var type: TensorType { .iq4_NL }
    var requiresImportance: Bool { false }

    static let grid = SixteenLevelGrid(
        levels: Lanes(-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113))

    func decode(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutablePointer<Float>) {
        let levels = Self.grid.levels
        for index in 0..<count / 32 {
            let block = source + index &* 18
            let scale = block.half(0)
            let codes = block.bytes16(2)
            target.store(csimd_permute(levels, SIMD16<Int32>(truncatingIfNeeded: codes & 15)) * scale, index &* 32)
            target.store(
                csimd_permute(levels, SIMD16<Int32>(truncatingIfNeeded: codes &>> 4)) * scale, index &* 32 &+ 16)
        }
    }
}
