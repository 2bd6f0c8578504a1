import Tensors

/// IQ2_S: 256 elements share a half-precision scale; every 16 of them have a scale of 4 bits, and every 8 an entry of a code
/// book of magnitudes with eight signs.
///
/// Layout (82 bytes): scale; the low 8 bits of 32 code book indices; 32 bytes of signs; the indices' upper 2 bits, four to a
/// byte; per 32 elements a byte with two scales s, low nibble first: value = scale · (s + ½) / 4 · magnitude · sign.
struct IQ2SCodec: QuantizingCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1.3)
    var type: TensorType { .iq2_S }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 16, lowest: -43, highest: 43) }

    /// Code word → eight magnitudes, one per byte.
    private static let grid = IQ2XXSCodec.expandedGrid(packedGrid)

    /// Eight sign bits → eight bytes, all ones where the sign is minus.
    private static let signMasks: [UInt64] = (0..<256).map { signs in
        UInt64(bytes: { signs >> $0 & 1 == 1 ? 0xff : 0 })
    }

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        Self.grid.withUnsafeBufferPointer { grid in
            Self.signMasks.withUnsafeBufferPointer { masks in
                for block in 0..<count / 256 {
                    Self.deliverBlock(
                        source + block &* 82, to: sink, at: block &* 256, grid: grid.baseAddress!,
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
            let (first, second) = (index(ofGroup: 2 &* part, in: block), index(ofGroup: 2 &* part &+ 1, in: block))
            let signs = Int(block.uint16(34 &+ 2 &* part))
            let values = Lanes(magnitudes: grid[first], grid[second], masks: masks[signs & 255], masks[signs >> 8])
            sink.store(values, scale: scale(ofPart: part, in: block), at: start &+ 16 &* part)
        }
    }

    @inline(__always)
    private static func index(ofGroup group: Int, in block: UnsafeRawPointer) -> Int {
        let high = Int(block.byte(66 &+ group / 4)) &>> (2 &* (group & 3))
        return Int(block.byte(2 &+ group)) | (high & 3) &<< 8
    }

    @inline(__always)
    private static func scale(ofPart part: Int, in block: UnsafeRawPointer) -> Float {
        block.half(0) * (0.5 + Float(block.nibble(part, from: 74))) * 0.25
    }
}

extension IQ2SCodec: CodeBookCodec {
    private static let book = HalfWordBook(packedGrid: packedGrid, levels: IQ2XXSCodec.magnitudes)

    static func withSearch(_ room: SuperblockRoom, _ body: (Search) -> Void) {
        book.withTables { body(Search($0, room)) }
    }

    struct Search: CodeWordSearch {
        let layout = SuperblockLayout(magnitudePartCount: 16, trialScales: [1, 0.75])
        let room: SuperblockRoom
        private let moments: HalfWordMoments

        static let momentCount = HalfWordMoments.floatCount

        init(_ tables: HalfWordTables, _ room: SuperblockRoom) {
            self.room = room
            moments = HalfWordMoments(tables, room, areMagnitudes: true)
        }

        func prepare(group: Int) { moments.prepare(group: group) }

        @inline(__always)
        func bestWord(group: Int, scale: Float, kind: Int, isExact: Bool) -> FoundWord {
            moments.found(
                moments.bestPair(group: group, scale: scale, shift: 0, isExact: isExact), group: group, shift: 0)
        }

        @inline(__always)
        func signs(_ found: FoundWord, group: Int) -> UInt32 {
            signBits(UnsafePointer(room.values).eight(8 &* group))
        }
    }

    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer) {
        block.storeNibble(choice, part, from: 74)
    }

    static var elementsPerPart: Int { 16 }

    static func choice(part: Int, of block: UnsafeRawPointer) -> Int { block.nibble(part, from: 74) }

    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer) {
        block.storeNibble(choice, part, from: 74)
    }

    @inline(__always)
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer) {
        block.storeByte(Int32(truncatingIfNeeded: word.index), 2 &+ group)
        block.storeByte(Int32(truncatingIfNeeded: word.signs), 34 &+ group)
        let shift = Int32(truncatingIfNeeded: 2 &* (group & 3))
        let others = Int32(UnsafeRawPointer(block).byte(66 &+ group / 4)) & ~(3 &<< shift)
        block.storeByte(others | Int32(truncatingIfNeeded: word.index &>> 8) &<< shift, 66 &+ group / 4)
    }

    @inline(__always)
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float { scale(ofPart: group / 2, in: block) }

    @inline(__always)
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord {
        let magnitudes = GroupTarget(magnitudesOf: target)
        return book.withTables { tables in
            CodeWord(
                index: tables.bestPair(magnitudes, below: .infinity).map(tables.word) ?? 0,
                signs: signBits(target.values))
        }
    }

    @inline(__always)
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>) {
        let values = Lanes(
            magnitudes: grid[index(ofGroup: group, in: block)], masks: signMasks[Int(block.byte(34 &+ group))])
        target.storeEight(values * scale(ofGroup: group, in: block), 0)
    }
}
