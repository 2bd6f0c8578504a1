import CSIMD

/// A code book whose words are quads of magnitudes, laid out for the search: a word per lane.
struct QuadBook: Sendable {
    let wordCount: Int
    /// For every sixteen words four vectors: their first, second, third and fourth magnitudes.
    let magnitudes: [Lanes]
    /// The greatest magnitude of all words.
    let greatest: Float
    /// Whether the signs of two quads have to hold an even number of minus signs.
    let isSignParityEven: Bool

    /// - Parameters:
    ///   - packedGrid: A multiple of 64 words, three bits per element from the lowest up.
    ///   - levels: What the three bits stand for, in ascending order.
    init(packedGrid: [UInt16], levels: [Float], isSignParityEven: Bool) {
        wordCount = packedGrid.count
        magnitudes = (0..<packedGrid.count / 4).map { entry in
            var lanes = Lanes()
            for lane in 0..<16 {
                lanes[lane] = levels[Int(packedGrid[16 * (entry / 4) + lane] >> (3 * (entry % 4))) & 7]
            }
            return lanes
        }
        greatest = levels[7]
        self.isSignParityEven = isSignParityEven
    }

    /// The magnitudes of every word, one per byte.
    static func bytes(packedGrid: [UInt16], levels: [UInt8]) -> [UInt32] {
        packedGrid.map { word in
            (0..<4).reduce(0) { $0 | UInt32(levels[Int(word >> (3 * $1)) & 7]) << (8 * $1) }
        }
    }

    /// The elements of four words given as bytes, with minus signs where bits are set.
    @inline(__always)
    static func elements(_ words: SIMD4<UInt32>, signs: UInt32) -> Lanes {
        let magnitudes = unsafeBitCast(words, to: SIMD16<Int8>.self)
        let mask = 0 &- SIMD16<Int8>(truncatingIfNeeded: csimd_fifth_bits(signs) &>> 4)
        return Lanes(codes: (magnitudes ^ mask) &- mask)
    }

    /// The four magnitudes of a word, `magnitudes` being those of a book.
    @inline(__always)
    static func word(_ index: Int, _ magnitudes: UnsafePointer<Lanes>) -> SIMD4<Float> {
        let floats = UnsafeRawPointer(magnitudes + 4 &* (index >> 4)).assumingMemoryBound(to: Float.self)
        let place = floats + (index & 15)
        return SIMD4(place[0], place[16], place[32], place[48])
    }
}

/// The words of eight elements, and a bit for each element with a minus sign.
struct QuadPair {
    var first: Int
    var second: Int
    var signs: UInt32

    /// The eight elements in units of their scale.
    @inline(__always)
    func elements(_ magnitudes: UnsafePointer<Lanes>) -> SIMD8<Float> {
        let words = SIMD8(lowHalf: QuadBook.word(first, magnitudes), highHalf: QuadBook.word(second, magnitudes))
        let isMinus = (SIMD8(repeating: signs) & SIMD8(1, 2, 4, 8, 16, 32, 64, 128)) .!= 0
        return words.replacing(with: -words, where: isMinus)
    }
}
