import Tensors

/// A field of a block that not every value is legal in.
struct BlockRule: Sendable {
    /// How the field is encoded, and at which offset in the block.
    enum Field: Sendable {
        /// A half-precision number.
        case half(Int)
        /// A number in bfloat16.
        case brainHalf(Int)
        /// A number in single precision.
        case single(Int)
        /// A number in double precision, which is read as one in single precision.
        case double(Int)
        /// The half-precision number whose four digits are the highest ones of four words.
        case scatteredHalf(Int)
        /// The exponent of MXFP4, and the codes behind it.
        case exponent(Int)
        /// Scales in unsigned E4M3, so many of them.
        case unsignedE4M3(Int, count: Int)
        /// Bytes of five ternary digits, then bytes of four.
        case ternaryDigits(Int, fives: Int, fours: Int)
        /// Bytes of four ternary digits, two bits each.
        case ternaryPairs(Int, count: Int)
    }

    /// What the field is called in messages.
    let name: String
    let field: Field

    /// What is expected of the field.
    var expectation: String {
        switch field {
        case .half, .brainHalf, .single, .double, .scatteredHalf: "a finite number expected"
        case .exponent: "an exponent under which every value is finite expected"
        case .unsignedE4M3: "bytes up to 7e expected"
        case .ternaryDigits: "bytes that stand for ternary digits expected"
        case .ternaryPairs: "codes up to 2 expected"
        }
    }

    /// Where the field begins in the block.
    var offset: Int {
        switch field {
        case .half(let offset), .brainHalf(let offset), .single(let offset), .double(let offset),
            .scatteredHalf(let offset), .exponent(let offset), .unsignedE4M3(let offset, _),
            .ternaryDigits(let offset, _, _), .ternaryPairs(let offset, _):
            offset
        }
    }
}

/// What breaks a rule in a piece of a tensor.
struct BlockTally: Sendable, Equatable {
    /// The number of blocks that break it.
    var count = 0
    /// The number of the first of them.
    var first = Int.max

    mutating func add(_ other: BlockTally) {
        count += other.count
        first = min(first, other.first)
    }
}

extension BlockRule {
    /// The blocks that break the rule.
    ///
    /// - Parameters:
    ///   - blocks: `count` blocks of `size` bytes, without alignment.
    func tally(_ blocks: UnsafeRawPointer, count: Int, size: Int) -> BlockTally {
        switch field {
        case .half(let offset):
            Self.tally(blocks + offset, count, size) { $0.word(0, UInt16.self) & 0x7c00 == 0x7c00 }
        case .brainHalf(let offset):
            Self.tally(blocks + offset, count, size) { $0.word(0, UInt16.self) & 0x7f80 == 0x7f80 }
        case .single(let offset):
            Self.tally(blocks + offset, count, size) { $0.word(0, UInt32.self) & 0x7f80_0000 == 0x7f80_0000 }
        case .double(let offset):
            Self.tally(blocks + offset, count, size) { !Float(Double(bitPattern: $0.word(0, UInt64.self))).isFinite }
        case .scatteredHalf(let offset):
            Self.tally(blocks + offset, count, size) { $0.scatteredHalf & 0x7c00 == 0x7c00 }
        case .exponent(let offset):
            Self.tally(blocks + offset, count, size) { !Self.isFinite($0) }
        case .unsignedE4M3(let offset, let scales):
            Self.tally(blocks + offset, count, size) { block in (0..<scales).contains { block.byte($0) > 0x7e } }
        case .ternaryDigits(let offset, let fives, let fours):
            Self.tally(blocks + offset, count, size) { block in
                (0..<fives).contains { !TernaryBytes.ofFive[Int(block.byte($0))] }
                    || (fives..<fives + fours).contains { !TernaryBytes.ofFour[Int(block.byte($0))] }
            }
        case .ternaryPairs(let offset, let bytes):
            Self.tally(blocks + offset, count, size) { block in
                (0..<bytes).contains { block.byte($0) & block.byte($0) >> 1 & 0x55 != 0 }
            }
        }
    }

    @inline(__always)
    private static func tally(
        _ start: UnsafeRawPointer, _ count: Int, _ size: Int, isIllegal: (UnsafeRawPointer) -> Bool
    ) -> BlockTally {
        var tally = BlockTally()
        for block in 0..<count where isIllegal(start + block &* size) {
            tally.count &+= 1
            tally.first = min(tally.first, block)
        }
        return tally
    }

    /// Whether all values of an MXFP4 block are finite: from exponent 253 on the greatest codes leave float32, and 255 is
    /// the NaN of the format.
    @inline(__always)
    private static func isFinite(_ block: UnsafeRawPointer) -> Bool {
        let exponent = block.byte(0)
        guard exponent > 252 else { return true }
        guard exponent < 255 else { return false }
        // Levels 8 and 12 times 2¹²⁵, levels from 4 on times 2¹²⁶.
        let limit: UInt8 = exponent == 253 ? 6 : 4
        return (1...16).allSatisfy { block.byte($0) & 7 < limit && block.byte($0) >> 4 & 7 < limit }
    }
}

/// The bytes that TQ1_0 stores for numbers with ternary digits: ⌈256 n / 3⁵⌉ for n below 3⁵, of which every third has four
/// digits alone. Other bytes are no multiple rounded up, and no encoder writes them.
private enum TernaryBytes {
    static let ofFive = table(step: 1)
    static let ofFour = table(step: 3)

    private static func table(step: Int) -> [Bool] {
        var table = [Bool](repeating: false, count: 256)
        for number in stride(from: 0, to: 243, by: step) { table[(number * 256 + 242) / 243] = true }
        return table
    }
}

extension UnsafeRawPointer {
    @inline(__always)
    fileprivate func byte(_ offset: Int) -> UInt8 { load(fromByteOffset: offset, as: UInt8.self) }

    @inline(__always)
    fileprivate func word<Word: FixedWidthInteger & BitwiseCopyable>(_ offset: Int, _ type: Word.Type) -> Word {
        Word(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// IQ1_M: the highest four bits of four words, the last word's first.
    @inline(__always)
    fileprivate var scatteredHalf: UInt16 {
        word(0, UInt16.self) >> 12 | word(2, UInt16.self) >> 8 & 0x00f0 | word(4, UInt16.self) >> 4 & 0x0f00
            | word(6, UInt16.self) & 0xf000
    }
}
