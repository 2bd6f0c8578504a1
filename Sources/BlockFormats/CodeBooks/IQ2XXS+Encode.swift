import CSIMD

extension IQ2XXSCodec: CodeBookCodec {
    private static let book = WholeWordBook(packedGrid: packedGrid, levels: magnitudes)

    static func withSearch(_ room: SuperblockRoom, _ body: (WholeWordSearch) -> Void) {
        let layout = SuperblockLayout(magnitudePartCount: 8, trialScales: [1, 1.4, 0.6, 0.8])
        book.withTables { body(WholeWordSearch($0, layout, room)) }
    }

    static func storeChoice(_ choice: Int, part: Int, into block: UnsafeMutableRawPointer) {
        block.storeBytes(
            of: UInt32(truncatingIfNeeded: choice) << 28, toByteOffset: 6 &+ 8 &* part, as: UInt32.self)
    }

    static var elementsPerPart: Int { 32 }

    static func choice(part: Int, of block: UnsafeRawPointer) -> Int {
        Int(truncatingIfNeeded: block.uint32(6 &+ 8 &* part) >> 28)
    }

    static func setChoice(_ choice: Int, part: Int, in block: UnsafeMutableRawPointer) {
        let signs = UnsafeRawPointer(block).uint32(6 &+ 8 &* part) & 0x0fff_ffff
        block.storeBytes(
            of: signs | UInt32(truncatingIfNeeded: choice) << 28, toByteOffset: 6 &+ 8 &* part, as: UInt32.self)
    }

    @inline(__always)
    static func setWord(_ word: CodeWord, group: Int, in block: UnsafeMutableRawPointer) {
        block.storeByte(Int32(truncatingIfNeeded: word.index), 2 &+ 8 &* (group / 4) &+ (group & 3))
        let place = 6 &+ 8 &* (group / 4)
        let shift = UInt32(truncatingIfNeeded: 7 &* (group & 3))
        let others = UnsafeRawPointer(block).uint32(place) & ~(127 << shift)
        block.storeBytes(of: others | word.signs << shift, toByteOffset: place, as: UInt32.self)
    }

    @inline(__always)
    static func scale(ofGroup group: Int, in block: UnsafeRawPointer) -> Float {
        block.half(0) * (0.5 + Float(block.uint32(6 &+ 8 &* (group / 4)) >> 28)) * 0.25
    }

    @inline(__always)
    static func bestWord(_ target: GroupTarget, group: Int, in block: UnsafeRawPointer) -> CodeWord {
        book.withTables { $0.bestWord(target) }
    }

    @inline(__always)
    static func decodeGroup(_ group: Int, of block: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>) {
        let word = grid[Int(block.byte(2 &+ 8 &* (group / 4) &+ (group & 3)))]
        let signs = block.uint32(6 &+ 8 &* (group / 4)) >> UInt32(truncatingIfNeeded: 7 &* (group & 3)) & 127
        target.storeEight(
            Lanes(magnitudes: word, masks: signMasks[Int(signs)]) * scale(ofGroup: group, in: block), 0)
    }
}
