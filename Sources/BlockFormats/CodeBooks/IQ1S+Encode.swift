import CSIMD

extension IQ1SCodec: CodeBookCodec {
    /// The code book, which IQ1_M shares.
    static let book = HalfWordBook(packedGrid: packedGrid, levels: SIMD3(-1, 0, 1))

    static func withSearch(_ room: SuperblockRoom, _ body: (Search) -> Void) {
        book.withTables { body(Search($0, room)) }
    }

    /// Parts choose their scale together with the sign of their shift: lanes from 8 on stand for the negative one.
    struct Search: CodeWordSearch {
        let layout = SuperblockLayout(
            partCount: 8, multiples: Lanes(1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15), multipleCount: 8,
            kindCount: 2,
            scan: LevelScan(
                levels: SIMD3(-1, 0, 1), areMagnitudes: false, scales: .geometric(0.6, 1.2), count: 12),
            trialScales: Lanes(padding: [1]), trialCount: 1, areTrialsExact: false)
        let room: SuperblockRoom
        private let moments: HalfWordMoments

        static let momentCount = HalfWordMoments.floatCount

        init(_ tables: HalfWordTables, _ room: SuperblockRoom) {
            self.room = room
            moments = HalfWordMoments(tables, room, areMagnitudes: false)
        }

        func prepare(group: Int) { moments.prepare(group: group) }

        @inline(__always)
        func bestWord(group: Int, scale: Float, kind: Int, isExact: Bool) -> FoundWord {
            let shift: Float = kind == 0 ? 0.125 : -0.125
            return moments.found(
                moments.bestPair(group: group, scale: scale, shift: shift, isExact: isExact), group: group, shift: shift
            )
        }

        func signs(_ found: FoundWord, group: Int) -> UInt32 { 0 }
    }

    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer) {
        block.storeBytes(
            of: UInt16(truncatingIfNeeded: choice) << 12, toByteOffset: 34 &+ 2 &* part, as: UInt16.self)
    }

    static var elementsPerPart: Int { 32 }

    static func choice(part: Int, of block: UnsafeRawPointer) -> Int {
        Int(block.uint16(34 &+ 2 &* part) >> 12)
    }

    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer) {
        let words = UnsafeRawPointer(block).uint16(34 &+ 2 &* part) & 0xfff
        block.storeBytes(
            of: words | UInt16(truncatingIfNeeded: choice) << 12, toByteOffset: 34 &+ 2 &* part, as: UInt16.self)
    }

    static func choice(_ choice: Int, movedBy step: ScaleStep) -> Int? {
        let scale = choice & 7 &+ step.scale
        return 0...7 ~= scale ? scale | (choice & 8) ^ ((step.offset & 1) << 3) : nil
    }

    @inline(__always)
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer) {
        block.storeByte(Int32(truncatingIfNeeded: word.index), 2 &+ group)
        let place = 34 &+ 2 &* (group / 4)
        let shift = UInt16(truncatingIfNeeded: 3 &* (group & 3))
        let others = UnsafeRawPointer(block).uint16(place) & ~(7 << shift)
        block.storeBytes(
            of: others | UInt16(truncatingIfNeeded: word.index >> 8) << shift, toByteOffset: place, as: UInt16.self)
    }

    @inline(__always)
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float {
        block.half(0) * Float(2 &* (Int(block.uint16(34 &+ 2 &* (group / 4))) >> 12 & 7) &+ 1)
    }

    @inline(__always)
    private static func shift(ofGroup group: Int, in block: UnsafeRawPointer) -> Float {
        block.uint16(34 &+ 2 &* (group / 4)) & 0x8000 == 0 ? 0.125 : -0.125
    }

    @inline(__always)
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord {
        let target = target.moved(by: -shift(ofGroup: group, in: block))
        return book.withTables { tables in
            CodeWord(index: tables.bestPair(target, below: .infinity).map(tables.word) ?? 0, signs: 0)
        }
    }

    @inline(__always)
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>) {
        let high = Int(block.uint16(34 &+ 2 &* (group / 4))) >> (3 &* (group & 3)) & 7
        let word = grid[Int(block.byte(2 &+ group)) | high << 8]
        let levels = Lanes(words: word, plus: shift(Int(block.uint16(34 &+ 2 &* (group / 4))), sign: 15))
        target.storeEight(levels * (scale(ofGroup: group, in: block) / 8), 0)
    }
}
