import Tensors

/// IQ2_XXS: 256 elements share a half-precision scale; every 32 of them have a scale of 4 bits, and every 8 an entry of a
/// code book of magnitudes with seven signs, the eighth making the number of minus signs even.
///
/// Layout (66 bytes): scale; per 32 elements four code book indices of 8 bits, then 32 bits with four times seven signs
/// and the block's scale s: value = scale · (s + ½) / 4 · magnitude · sign.
struct IQ2XXSCodec: QuantizingCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1.3)
    var type: TensorType { .iq2_XXS }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 32, lowest: -43, highest: 43) }
    var isSignParityEven: Bool { true }

    /// What 0, 1 and 2 stand for in the code books of all IQ2 formats.
    static let magnitudes = SIMD3<Float>(8, 25, 43)

    /// Code word → eight magnitudes, one per byte.
    static let grid = expandedGrid(packedGrid)

    /// Code words of two bits per element as eight magnitudes each, one per byte.
    static func expandedGrid(_ packed: [UInt16]) -> [UInt64] {
        packed.map { word in
            UInt64(bytes: { UInt8(magnitudes[Int(word >> (2 * $0)) & 3]) })
        }
    }

    /// Seven sign bits → eight bytes, all ones where the sign is minus.
    static let signMasks: [UInt64] = (0..<128).map { bits in
        let signs = bits | (bits.nonzeroBitCount & 1) << 7
        return UInt64(bytes: { signs >> $0 & 1 == 1 ? 0xff : 0 })
    }

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            Self.signMasks.withUnsafeBufferPointer { masks in
                for block in 0..<count / 256 {
                    Self.deliverBlock(
                        source + block &* 66, to: sink, at: block &* 256, grid: grid.baseAddress!,
                        masks: masks.baseAddress!)
                }
            }
        }
    }

    @inline(__always)
    private static func deliverBlock(
        _ block: UnsafeRawPointer, to sink: some ElementSink, at start: Int, grid: UnsafePointer<UInt64>,
        masks: UnsafePointer<UInt64>
    ) {
        let scale = block.half(0)
        for part in 0..<8 {
            let indices = block.uint32(2 &+ 8 &* part)
            let signs = block.uint32(6 &+ 8 &* part)
            let partScale = scale * (0.5 + Float(signs >> 28)) * 0.25
            for pair in 0..<2 {
                let shift = UInt32(truncatingIfNeeded: pair)
                let first = Int(truncatingIfNeeded: (indices &>> (16 &* shift)) & 255)
                let second = Int(truncatingIfNeeded: (indices &>> (16 &* shift &+ 8)) & 255)
                let firstSigns = Int(truncatingIfNeeded: (signs &>> (14 &* shift)) & 127)
                let secondSigns = Int(truncatingIfNeeded: (signs &>> (14 &* shift &+ 7)) & 127)
                let values = Lanes(
                    magnitudes: grid[first], grid[second], masks: masks[firstSigns], masks[secondSigns])
                sink.store(values, scale: partScale, at: start &+ 32 &* part &+ 16 &* pair)
            }
        }
    }
}
