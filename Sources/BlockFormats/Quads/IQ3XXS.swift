import Tensors

/// IQ3_XXS: 256 elements share a half-precision scale; every 32 of them have a scale of 4 bits, every 4 an entry of a code
/// book of magnitudes, and every 8 seven signs, the eighth making the number of minus signs even.
///
/// Layout (98 bytes): scale; 64 code book indices of 8 bits; per 32 elements 32 bits with four times seven signs and the
/// block's scale s: value = scale · (s + ½) / 2 · magnitude · sign.
struct IQ3XXSCodec: QuadCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .iq3_XXS }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 32, lowest: -62, highest: 62) }

    /// The magnitudes that code words are made of.
    static let levels: [UInt8] = [4, 12, 20, 28, 36, 44, 52, 62]

    // A quarter of the magnitudes, and the scales four times as large: as in IQ3_S they are then odd multiples.
    static let book = QuadBook(packedGrid: packedGrid, levels: levels.map { Float($0) / 4 }, isSignParityEven: true)

    /// Code word → four magnitudes, one per byte.
    private static let grid = QuadBook.bytes(packedGrid: packedGrid, levels: levels)

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            for block in 0..<count / 256 {
                Self.deliverBlock(source + block &* 98, to: sink, at: block &* 256, grid: grid.baseAddress!)
            }
        }
    }

    @inline(__always)
    private static func deliverBlock(
        _ block: UnsafeRawPointer, to sink: some ElementSink, at start: Int, grid: UnsafePointer<UInt32>
    ) {
        let scale = block.half(0)
        for part in 0..<8 {
            let bits = block.uint32(66 &+ 4 &* part)
            let partScale = scale * (0.5 + Float(bits >> 28)) * 0.5
            for half in 0..<2 {
                let indices = block.uint32(2 &+ 8 &* part &+ 4 &* half)
                let words = SIMD4(
                    grid[Int(truncatingIfNeeded: indices & 255)], grid[Int(truncatingIfNeeded: indices >> 8 & 255)],
                    grid[Int(truncatingIfNeeded: indices >> 16 & 255)], grid[Int(truncatingIfNeeded: indices >> 24)])
                let low = signs(bits &>> UInt32(14 &* half))
                let high = signs(bits &>> UInt32(14 &* half &+ 7))
                sink.store(
                    QuadBook.elements(words, signs: low | high << 8), scale: partScale,
                    at: start &+ 32 &* part &+ 16 &* half)
            }
        }
    }

    /// All eight signs of which the lowest seven bits are given.
    @inline(__always)
    private static func signs(_ bits: UInt32) -> UInt32 {
        let stored = bits & 127
        return stored | UInt32(truncatingIfNeeded: stored.nonzeroBitCount & 1) << 7
    }

    static func scaleCode(part: Int, of block: UnsafeRawPointer) -> Int32 {
        Int32(truncatingIfNeeded: block.uint32(66 &+ 4 &* part) >> 28)
    }

    static func storeScaleCode(_ code: Int32, part: Int, into block: UnsafeMutableRawPointer) {
        let bits = UnsafeRawPointer(block).uint32(66 &+ 4 &* part) & 0x0fff_ffff
        block.storeBytes(
            of: bits | UInt32(truncatingIfNeeded: code) << 28, toByteOffset: 66 &+ 4 &* part, as: UInt32.self)
    }

    static func storeGroup(_ group: Int, _ pair: QuadPair, into block: UnsafeMutableRawPointer) {
        let offset = 66 &+ 4 &* (group >> 2)
        let shift = UInt32(truncatingIfNeeded: 7 &* (group & 3))
        let others = UnsafeRawPointer(block).uint32(offset) & ~(127 &<< shift)
        block.storeBytes(of: others | (pair.signs & 127) &<< shift, toByteOffset: offset, as: UInt32.self)
        block.storeByte(Int32(truncatingIfNeeded: pair.first), 2 &+ 2 &* group)
        block.storeByte(Int32(truncatingIfNeeded: pair.second), 3 &+ 2 &* group)
    }
}
