import CSIMD

/// A code book whose words are quads of magnitudes, laid out for the search: a word per lane.
struct QuadBook: Sendable {
    let wordCount: Int
    /// For every sixteen words four vectors: their first, second, third and fourth magnitudes.
    let magnitudes: [Lanes]
    /// The greatest magnitude of all words.
    let greatest: Float
    /// The words nearest to every four levels: sixteen of them for each of the cells that ``cells(_:)`` numbers.
    private let nearestWords: [UInt16]
    /// Twice their first, second, third and fourth magnitudes.
    private let nearestMagnitudes: [SIMD16<UInt8>]
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
        let nearestWords = Self.nearestWords(packedGrid)
        self.nearestWords = nearestWords
        nearestMagnitudes = stride(from: 0, to: nearestWords.count, by: 16).flatMap { start in
            (0..<4).map { element in
                var magnitudes = SIMD16<UInt8>()
                for lane in 0..<16 {
                    let word = packedGrid[Int(nearestWords[start + lane])]
                    magnitudes[lane] = UInt8(2 * levels[Int(word >> (3 * element)) & 7])
                }
                return magnitudes
            }
        }
        self.isSignParityEven = isSignParityEven
    }

    /// Of words of three bits per element, the sixteen nearest to each combination of levels.
    private static func nearestWords(_ packedGrid: [UInt16]) -> [UInt16] {
        var nearest: [UInt16] = []
        var distances = [UInt8](repeating: 0, count: packedGrid.count)
        for cell in 0..<UInt16(4096) {
            for (index, word) in packedGrid.enumerated() {
                var sum: UInt16 = 0
                for element in 0..<UInt16(4) {
                    let difference = (cell >> (3 * element) & 7) &- (word >> (3 * element) & 7)
                    sum &+= difference &* difference
                }
                distances[index] = UInt8(truncatingIfNeeded: sum)
            }
            let end = nearest.count + 16
            var distance: UInt8 = 0
            while nearest.count < end {
                for index in distances.indices where distances[index] == distance && nearest.count < end {
                    nearest.append(UInt16(index))
                }
                distance += 1
            }
        }
        return nearest
    }

    /// The cells in which four quads of magnitudes in units of half a scale lie, each three bits per element.
    @inline(__always)
    static func cells(_ halves: Lanes) -> SIMD4<UInt32> {
        let codes = csimd_to_bytes(csimd_minimum(halves, Lanes(repeating: 7)))
        let words = unsafeBitCast(codes, to: SIMD4<UInt32>.self)
        return (words & 7) | (words &>> 5 & 0x38) | (words &>> 10 & 0x1c0) | (words &>> 15 & 0xe00)
    }

    /// Calls `body` with the magnitudes of all words and with the words near to each cell.
    @inline(__always)
    func withTables(_ body: (UnsafePointer<Lanes>, QuadNeighbours) -> Void) {
        magnitudes.withUnsafeBufferPointer { magnitudes in
            nearestWords.withUnsafeBufferPointer { words in
                nearestMagnitudes.withUnsafeBufferPointer { doubled in
                    body(
                        magnitudes.baseAddress!,
                        QuadNeighbours(words: words.baseAddress!, magnitudes: doubled.baseAddress!))
                }
            }
        }
    }

    /// The magnitudes of every word, one per byte.
    static func bytes(packedGrid: [UInt16], levels: [UInt8]) -> [UInt32] {
        packedGrid.map { word in
            var bytes: UInt32 = 0
            for index in 0..<4 { bytes |= UInt32(levels[Int(word >> (3 * index)) & 7]) << UInt32(8 * index) }
            return bytes
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
