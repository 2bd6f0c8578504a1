import Tensors

/// IQ1_S: 256 elements share a half-precision scale; every 32 of them have a scale of 3 bits and a shift of ±⅛, and every 8
/// an entry of a code book of values −1, 0 and 1.
///
/// Layout (50 bytes): scale; the low 8 bits of 32 code book indices; per 32 elements 16 bits with the indices' upper 3
/// bits, the block's scale s and the sign of its shift: value = scale · (2 s + 1) · (code value ± ⅛).
struct IQ1SCodec: QuantizingCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .iq1_S }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 32, lowest: -9, highest: 9) }

    /// Code word → eight signed bytes, −1, 0 and 1 in eighths.
    static let grid: [UInt64] = packedGrid.map { word in
        UInt64(bytes: { [0xf8, 0, 8][Int(word >> (2 * $0)) & 3] })
    }

    /// The shift of eight elements in eighths: a signed byte of each, 1 if a bit is clear and −1 if it is set.
    @inline(__always)
    static func shift(_ bits: Int, sign bit: Int) -> UInt64 {
        0x0101_0101_0101_0101 | (0 &- UInt64(truncatingIfNeeded: bits &>> bit & 1))
    }

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            for block in 0..<count / 256 {
                Self.deliverBlock(source + block &* 50, to: sink, at: block &* 256, grid: grid.baseAddress!)
            }
        }
    }

    @inline(__always)
    private static func deliverBlock(
        _ block: UnsafeRawPointer, to sink: some ElementSink, at start: Int, grid: UnsafePointer<UInt64>
    ) {
        let scale = block.half(0) / 8
        for part in 0..<8 {
            let low = block.uint32(2 &+ 4 &* part)
            let high = Int(truncatingIfNeeded: block.uint16(34 &+ 2 &* part))
            let partScale = scale * Float(2 &* ((high >> 12) & 7) &+ 1)
            let shift = shift(high, sign: 15)
            for pair in 0..<2 {
                let first =
                    Int(truncatingIfNeeded: (low &>> UInt32(16 &* pair)) & 255) | ((high &>> (6 &* pair)) & 7) << 8
                let second =
                    Int(truncatingIfNeeded: (low &>> UInt32(16 &* pair &+ 8)) & 255) | ((high &>> (6 &* pair &+ 3)) & 7)
                    << 8
                let values = Lanes(words: grid[first], grid[second], plus: shift, shift)
                sink.store(values, scale: partScale, at: start &+ 32 &* part &+ 16 &* pair)
            }
        }
    }
}
