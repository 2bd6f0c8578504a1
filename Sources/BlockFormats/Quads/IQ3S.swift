import Tensors

/// IQ3_S: 256 elements share a half-precision scale; every 32 of them have a scale of 4 bits, every 4 an entry of a code
/// book of magnitudes, and every element a sign.
///
/// Layout (110 bytes): scale; the low 8 bits of 64 code book indices; their ninth bits, a byte per 32 elements; 256 signs;
/// the blocks' scales s, two per byte: value = scale · (2 s + 1) · magnitude · sign.
struct IQ3SCodec: QuadCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .iq3_S }
    var requiresImportance: Bool { false }
    var integerForm: IntegerForm { IntegerForm(groupLength: 32, lowest: -15, highest: 15) }

    /// The magnitudes that code words are made of.
    static let levels: [UInt8] = [1, 3, 5, 7, 9, 11, 13, 15]

    static let book = QuadBook(packedGrid: packedGrid, levels: levels.map { Float($0) }, isSignParityEven: false)

    /// Code word → four magnitudes, one per byte.
    private static let grid = QuadBook.bytes(packedGrid: packedGrid, levels: levels)

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            for block in 0..<count / 256 {
                Self.deliverBlock(source + block &* 110, to: sink, at: block &* 256, grid: grid.baseAddress!)
            }
        }
    }

    @inline(__always)
    private static func deliverBlock(
        _ block: UnsafeRawPointer, to sink: some ElementSink, at start: Int, grid: UnsafePointer<UInt32>
    ) {
        let scale = block.half(0)
        for part in 0..<8 {
            let code = block.byte(106 &+ part >> 1) >> UInt8(truncatingIfNeeded: 4 &* (part & 1)) & 15
            let partScale = scale * Float(2 &* code &+ 1)
            let high = Int(block.byte(66 &+ part))
            let signs = block.uint32(74 &+ 4 &* part)
            for half in 0..<2 {
                let indices = block.uint32(2 &+ 8 &* part &+ 4 &* half)
                let ninth = high >> (4 &* half)
                let words = SIMD4(
                    grid[Int(truncatingIfNeeded: indices & 255) | (ninth & 1) << 8],
                    grid[Int(truncatingIfNeeded: indices >> 8 & 255) | (ninth & 2) << 7],
                    grid[Int(truncatingIfNeeded: indices >> 16 & 255) | (ninth & 4) << 6],
                    grid[Int(truncatingIfNeeded: indices >> 24) | (ninth & 8) << 5])
                sink.store(
                    QuadBook.elements(words, signs: signs &>> UInt32(16 &* half)), scale: partScale,
                    at: start &+ 32 &* part &+ 16 &* half)
            }
        }
    }

    static func scaleCode(part: Int, of block: UnsafeRawPointer) -> Int32 {
        Int32(block.byte(106 &+ part >> 1) >> UInt8(truncatingIfNeeded: 4 &* (part & 1)) & 15)
    }

    static func storeScaleCode(_ code: Int32, part: Int, into block: UnsafeMutableRawPointer) {
        let shift = Int32(truncatingIfNeeded: 4 &* (part & 1))
        let other = Int32(UnsafeRawPointer(block).byte(106 &+ part >> 1)) & (0xf0 &>> shift)
        block.storeByte(other | code &<< shift, 106 &+ part >> 1)
    }

    static func storeGroup(_ group: Int, _ pair: QuadPair, into block: UnsafeMutableRawPointer) {
        let shift = Int32(truncatingIfNeeded: 2 &* (group & 3))
        let ninthBits = Int32(truncatingIfNeeded: pair.first >> 8 | (pair.second >> 8) << 1)
        let others = Int32(UnsafeRawPointer(block).byte(66 &+ group >> 2)) & ~(3 &<< shift)
        block.storeByte(others | ninthBits &<< shift, 66 &+ group >> 2)
        block.storeByte(Int32(truncatingIfNeeded: pair.first), 2 &+ 2 &* group)
        block.storeByte(Int32(truncatingIfNeeded: pair.second), 3 &+ 2 &* group)
        block.storeByte(Int32(truncatingIfNeeded: pair.signs), 74 &+ group)
    }
}
