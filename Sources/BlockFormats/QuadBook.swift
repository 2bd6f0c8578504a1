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
    ///   - packedGrid: A multiple of sixteen words, three bits per element from the lowest up.
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
    static func values(_ words: SIMD4<UInt32>, signs: UInt32) -> Lanes {
        let magnitudes = unsafeBitCast(words, to: SIMD16<Int8>.self)
        let mask = 0 &- SIMD16<Int8>(truncatingIfNeeded: csimd_fifth_bits(signs) &>> 4)
        return Lanes(codes: (magnitudes ^ mask) &- mask)
    }
}

/// The least cost that each of sixteen lanes has seen, and where.
struct LeastCosts {
    private var costs = Lanes(repeating: .infinity)
    private var vectors = SIMD16<Int32>()

    @inline(__always)
    mutating func add(_ costs: Lanes, vector: Int) {
        let isLess = costs .< self.costs
        self.costs.replace(with: costs, where: isLess)
        vectors.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: vector)), where: isLess)
    }

    /// The word of the least cost.
    @inline(__always)
    var best: (word: Int, cost: Float) {
        let lane = costs.indexOfLeast
        return (Int(vectors[lane]) &* 16 &+ lane, costs[lane])
    }
}

/// The words of eight elements, and which quad, if any, has one sign that is not its element's.
struct QuadPair {
    enum Flip { case none, first, second }

    var first: Int
    var second: Int
    var flip = Flip.none

    /// The better of two ways to flip one sign of two quads: the first quad's, or the second's.
    @inline(__always)
    init(
        first: (word: Int, cost: Float), second: (word: Int, cost: Float),
        flippedFirst: (word: Int, cost: Float), flippedSecond: (word: Int, cost: Float)
    ) {
        if first.cost + flippedSecond.cost <= flippedFirst.cost + second.cost {
            self.init(first: first.word, second: flippedSecond.word, flip: .second)
        } else {
            self.init(first: flippedFirst.word, second: second.word, flip: .first)
        }
    }

    @inline(__always)
    init(first: Int, second: Int, flip: Flip = .none) {
        self.first = first
        self.second = second
        self.flip = flip
    }
}

extension QuadBook {
    /// The four magnitudes of a word.
    @inline(__always)
    static func magnitudes(of word: Int, _ book: UnsafePointer<Lanes>) -> SIMD4<Float> {
        let floats = UnsafeRawPointer(book + 4 &* (word >> 4)).assumingMemoryBound(to: Float.self) + (word & 15)
        return SIMD4(floats[0], floats[16], floats[32], floats[48])
    }

    /// The signs of eight elements under the words chosen for them, with the cheapest one flipped where one has to be.
    ///
    /// - Parameter products: Per element its weight times its magnitude.
    @inline(__always)
    static func signs(
        _ signs: UInt32, _ pair: QuadPair, products: SIMD8<Float>, _ book: UnsafePointer<Lanes>
    ) -> UInt32 {
        let costs: SIMD4<Float>
        let start: UInt32
        switch pair.flip {
        case .none: return signs
        case .first: (costs, start) = (products.lowHalf * magnitudes(of: pair.first, book), 0)
        case .second: (costs, start) = (products.highHalf * magnitudes(of: pair.second, book), 4)
        }
        var cheapest = 0
        for element in 1..<4 where costs[element] < costs[cheapest] { cheapest = element }
        return signs ^ 1 << (start + UInt32(truncatingIfNeeded: cheapest))
    }

    /// The signs of eight numbers, one bit each.
    @inline(__always)
    static func signBits(_ values: SIMD8<Float>) -> UInt32 {
        let bits = unsafeBitCast(values, to: SIMD8<UInt32>.self) &>> 31
        return (bits &<< SIMD8(0, 1, 2, 3, 4, 5, 6, 7)).wrappedSum()
    }
}
