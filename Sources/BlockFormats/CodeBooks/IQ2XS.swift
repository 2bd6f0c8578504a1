import Tensors

/// IQ2_XS: 256 elements share a half-precision scale; every 16 of them have a scale of 4 bits, and every 8 an entry of a code
/// book of magnitudes with seven signs, the eighth making the number of minus signs even.
///
/// Layout (74 bytes): scale; per 8 elements 16 bits, the code book index of 9 bits and the signs; per 32 elements a byte with
/// two scales s, low nibble first: value = scale · (s + ½) / 4 · magnitude · sign.
struct IQ2XSCodec: QuantizingCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1.3)
    var type: TensorType { .iq2_XS }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 16, lowest: -43, highest: 43) }
    var isSignParityEven: Bool { true }

    /// Code word → eight magnitudes, one per byte.
    private static let grid = IQ2XXSCodec.expandedGrid(packedGrid)

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            IQ2XXSCodec.signMasks.withUnsafeBufferPointer { masks in
                for block in 0..<count / 256 {
                    Self.deliverBlock(
                        source + block &* 74, to: sink, at: block &* 256, grid: grid.baseAddress!,
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
        for part in 0..<16 {
            let words = block.uint32(2 &+ 4 &* part)
            let (first, second) = (Int(words & 511), Int((words &>> 16) & 511))
            let (firstSigns, secondSigns) = (Int((words &>> 9) & 127), Int(words &>> 25))
            let values = Lanes(magnitudes: grid[first], grid[second], masks: masks[firstSigns], masks[secondSigns])
            sink.store(values, scale: scale(ofPart: part, in: block), at: start &+ 16 &* part)
        }
    }

    @inline(__always)
    private static func scale(ofPart part: Int, in block: UnsafeRawPointer) -> Float {
        block.half(0) * (0.5 + Float(block.nibble(part, from: 66))) * 0.25
    }
}

extension IQ2XSCodec: CodeBookCodec {
    private static let book = WholeWordBook(packedGrid: packedGrid, levels: IQ2XXSCodec.magnitudes)

    static func withSearch(_ room: SuperblockRoom, _ body: (WholeWordSearch) -> Void) {
        let layout = SuperblockLayout(magnitudePartCount: 16, trialScales: [1, 1.4, 0.6, 0.8])
        book.withTables { body(WholeWordSearch($0, layout, room)) }
    }

    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer) {
        block.storeNibble(choice, part, from: 66)
    }

    static var elementsPerPart: Int { 16 }

    static func choice(part: Int, of block: UnsafeRawPointer) -> Int { block.nibble(part, from: 66) }

    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer) {
        block.storeNibble(choice, part, from: 66)
    }

    @inline(__always)
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer) {
        let bits = UInt16(truncatingIfNeeded: word.index) | UInt16(truncatingIfNeeded: word.signs &<< 9)
        block.storeBytes(of: bits, toByteOffset: 2 &+ 2 &* group, as: UInt16.self)
    }

    @inline(__always)
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float { scale(ofPart: group / 2, in: block) }

    @inline(__always)
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord {
        book.withTables { $0.bestWord(target) }
    }

    @inline(__always)
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>) {
        let word = Int(block.uint16(2 &+ 2 &* group))
        let values = Lanes(magnitudes: grid[word & 511], masks: IQ2XXSCodec.signMasks[word >> 9])
        target.storeEight(values * scale(ofGroup: group, in: block), 0)
    }
}
