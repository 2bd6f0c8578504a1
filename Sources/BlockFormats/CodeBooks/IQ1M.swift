import Tensors

/// IQ1_M: 256 elements share a half-precision scale; every 16 of them have a scale of 3 bits, and every 8 an entry of
/// IQ1_S's code book of values −1, 0 and 1 with a shift of ±⅛.
///
/// Layout (56 bytes): the low 8 bits of 32 code book indices; per 8 elements a nibble with the index's upper 3 bits and the
/// sign of the shift; four times 16 bits with four scales s of 3 bits each, and 4 bits of the half-precision scale, lowest
/// first: value = scale · (2 s + 1) · (code value ± ⅛).
struct IQ1MCodec: QuantizingCodec, SinkCodec {
    var policy = EncodingPolicy(gainRestoration: 1)
    var type: TensorType { .iq1_M }
    var requiresImportance: Bool { true }
    var integerForm: IntegerForm { IntegerForm(groupLength: 16, lowest: -9, highest: 9) }

    func deliver(_ source: UnsafeRawPointer, count: Int, to sink: some ElementSink) {
        IQ1SCodec.grid.withUnsafeBufferPointer { grid in
            for block in 0..<count / 256 {
                Self.deliverBlock(source + block &* 56, to: sink, at: block &* 256, grid: grid.baseAddress!)
            }
        }
    }

    @inline(__always)
    private static func deliverBlock(
        _ block: UnsafeRawPointer, to sink: some ElementSink, at start: Int, grid: UnsafePointer<UInt64>
    ) {
        let factor = factor(of: block) / 8
        for part in 0..<16 {
            let low = Int(block.uint16(2 &* part))
            let high = Int(block.byte(32 &+ part))
            let values = Lanes(
                words: grid[low & 255 | (high & 7) &<< 8], grid[low &>> 8 | (high & 0x70) &<< 4],
                plus: IQ1SCodec.shift(high, sign: 3), IQ1SCodec.shift(high, sign: 7))
            sink.store(values, scale: factor * multiple(ofPart: part, in: block), at: start &+ 16 &* part)
        }
    }

    @inline(__always)
    private static func multiple(ofPart part: Int, in block: UnsafeRawPointer) -> Float {
        let code = (Int(block.uint16(48 &+ 2 &* (part / 4))) &>> (3 &* (part & 3))) & 7
        return Float(2 &* code &+ 1)
    }
}

extension IQ1MCodec: CodeBookCodec {
    static func withSearch(_ room: SuperblockRoom, _ body: (Search) -> Void) {
        IQ1SCodec.book.withTables { body(Search($0, room)) }
    }

    struct Search: CodeWordSearch {
        let layout = SuperblockLayout(
            partCount: 16, multiples: Lanes(1, 3, 5, 7, 9, 11, 13, 15, 15, 15, 15, 15, 15, 15, 15, 15),
            multipleCount: 8,
            kindCount: 1,
            scan: LevelScan(
                levels: SIMD3(-1, 0, 1), areMagnitudes: false, scales: .geometric(0.6, 1.2), count: 12),
            trialScales: Lanes(padding: [1, 0.8]), trialCount: 2, areTrialsExact: false)
        let room: SuperblockRoom
        private let moments: HalfWordMoments

        static let momentCount = HalfWordMoments.floatCount

        init(_ tables: HalfWordTables, _ room: SuperblockRoom) {
            self.room = room
            moments = HalfWordMoments(tables, room, areMagnitudes: false)
        }

        func prepare(group: Int) { moments.prepare(group: group) }

        /// Takes the better shift. The one that leans to the side of the elements is tried first: it leaves the other a
        /// bound that is seldom met.
        @inline(__always)
        func bestWord(group: Int, scale: Float, kind: Int, isExact: Bool) -> FoundWord {
            let lean = moments.shiftProduct(group: group)
            var shift: Float = lean < 0 ? -0.125 : 0.125
            var best = moments.bestPair(group: group, scale: scale, shift: shift, isExact: isExact)
            let bound = (best?.cost ?? .infinity) - 4 * lean.magnitude
            if let other = moments.bestPair(group: group, scale: scale, shift: -shift, isExact: isExact, below: bound) {
                shift = -shift
                best = other
            }
            var found = moments.found(best, group: group, shift: shift)
            found.isShiftNegative = shift < 0
            return found
        }

        @inline(__always)
        func signs(_ found: FoundWord, group: Int) -> UInt32 { found.isShiftNegative ? 1 : 0 }
    }

    @inline(__always)
    static func factor(of block: UnsafeRawPointer) -> Float {
        let nibbles = (block.uint16(48), block.uint16(50), block.uint16(52), block.uint16(54))
        let bits = nibbles.0 &>> 12 | nibbles.1 &>> 8 & 0xf0 | nibbles.2 &>> 4 & 0xf00 | nibbles.3 & 0xf000
        return Float(Float16(bitPattern: bits))
    }

    static func setFactor(_ factor: Float, of block: UnsafeMutableRawPointer) {
        let bits = Float16(factor).bitPattern
        for nibble in 0..<4 {
            let place = 48 &+ 2 &* nibble
            let scales = UnsafeRawPointer(block).uint16(place) & 0xfff
            let part = (bits &>> UInt16(truncatingIfNeeded: 4 &* nibble)) &<< 12
            block.storeBytes(of: scales | part, toByteOffset: place, as: UInt16.self)
        }
    }

    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer) {
        let place = 48 &+ 2 &* (part / 4)
        let bits = UInt16(truncatingIfNeeded: choice &<< (3 &* (part & 3)))
        block.storeBytes(of: UnsafeRawPointer(block).uint16(place) | bits, toByteOffset: place, as: UInt16.self)
    }

    static var elementsPerPart: Int { 16 }

    static func choice(part: Int, of block: UnsafeRawPointer) -> Int {
        Int(block.uint16(48 &+ 2 &* (part / 4))) &>> (3 &* (part & 3)) & 7
    }

    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer) {
        let place = 48 &+ 2 &* (part / 4)
        let others = UnsafeRawPointer(block).uint16(place) & ~(7 << UInt16(3 &* (part & 3)))
        block.storeBytes(of: others, toByteOffset: place, as: UInt16.self)
        storeChoice(choice, part: part, into: block)
    }

    static func choice(_ choice: Int, movedBy step: ScaleStep) -> Int? {
        let moved = choice &+ step.scale
        return step.offset == 0 && 0...7 ~= moved ? moved : nil
    }

    @inline(__always)
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer) {
        block.storeByte(Int32(truncatingIfNeeded: word.index), group)
        block.storeNibble(word.index &>> 8 | Int(word.signs) &<< 3, group, from: 32)
    }

    @inline(__always)
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float {
        factor(of: block) * multiple(ofPart: group / 2, in: block)
    }

    @inline(__always)
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord {
        IQ1SCodec.book.withTables { tables in
            let positive = tables.bestPair(target.moved(by: -0.125), below: .infinity)
            let bound = positive?.cost ?? .infinity
            if let negative = tables.bestPair(target.moved(by: 0.125), below: bound) {
                return CodeWord(index: tables.word(negative), signs: 1)
            }
            return CodeWord(index: positive.map(tables.word) ?? 0, signs: 0)
        }
    }

    @inline(__always)
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>) {
        let nibble = block.nibble(group, from: 32)
        let word = IQ1SCodec.grid[Int(block.byte(group)) | (nibble & 7) &<< 8]
        let levels = Lanes(words: word, plus: IQ1SCodec.shift(nibble, sign: 3))
        target.storeEight(levels * (scale(ofGroup: group, in: block) / 8), 0)
    }
}
