import CSIMD

/// Eight elements under a fixed scale, for which words of a ``QuadBook`` and signs are to be found.
struct QuadTarget {
    /// The elements' magnitudes in units of the scale.
    private let values: SIMD8<Float>
    /// What their errors cost, as parts of the greatest.
    private let weights: SIMD8<Float>
    /// A bit for each element whose sign differs from the scale's.
    private let signs: UInt32

    /// No level is anywhere near, and the squares of such values are still far from infinity.
    private static let greatest = SIMD8<Float>(repeating: 0x1p20)
    private static let leastWeight = SIMD8<Float>(repeating: 0x1p-40)

    /// Elements under a scale of zero, or one that is not finite, count as zero; so do weights that are not finite.
    @inline(__always)
    init(_ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, scale: Float) {
        var ratios = SIMD8<Float>()
        if scale != 0, scale.isFinite {
            ratios = UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self) / scale
        }
        signs = Self.signs(ratios)
        let magnitudes = ratios.replacing(with: -ratios, where: ratios .< 0)
        self.values = magnitudes.replacing(with: Self.greatest, where: .!(magnitudes .< Self.greatest))

        var shares = SIMD8<Float>(repeating: 1)
        if let weights {
            let lanes = UnsafeRawPointer(weights).loadUnaligned(as: SIMD8<Float>.self)
            let greatest = lanes.greatest
            if greatest >= .leastNormalMagnitude, greatest.isFinite { shares = lanes / greatest }
        }
        self.weights = shares.replacing(with: Self.leastWeight, where: .!(shares .> Self.leastWeight))
    }

    /// A bit for each minus sign.
    @inline(__always)
    static func signs(_ values: SIMD8<Float>) -> UInt32 {
        ((unsafeBitCast(values, to: SIMD8<UInt32>.self) &>> 31) &<< SIMD8(0, 1, 2, 3, 4, 5, 6, 7)).wrappedSum()
    }

    /// The words and signs of least error, exactly.
    ///
    /// The signs are the elements' own. Where their number of minus signs has to be even and is not, the cheapest sign of
    /// either quad is flipped.
    @inline(__always)
    func bestPair(_ book: QuadBook, _ magnitudes: UnsafePointer<Lanes>) -> QuadPair {
        let vectorCount = book.wordCount >> 4
        guard book.isSignParityEven, signs.nonzeroBitCount & 1 == 1 else {
            return QuadPair(
                first: Self.bestWord(values.lowHalf, weights.lowHalf, magnitudes, vectorCount),
                second: Self.bestWord(values.highHalf, weights.highHalf, magnitudes, vectorCount), signs: signs)
        }
        let first = Self.bestWords(values.lowHalf, weights.lowHalf, magnitudes, vectorCount)
        let second = Self.bestWords(values.highHalf, weights.highHalf, magnitudes, vectorCount)
        return pairWithFlip(first, second, magnitudes)
    }

    /// The words and signs of least error, where a function finds the best word of a quad: the first or the second one, with the
    /// elements' own signs or with one of them flipped.
    @inline(__always)
    func bestPair(
        isFlipped: Bool, _ magnitudes: UnsafePointer<Lanes>, best: (_ half: Int, _ isFlipped: Bool) -> FoundQuad
    ) -> QuadPair {
        guard isFlipped else {
            return QuadPair(first: best(0, false).word, second: best(1, false).word, signs: signs)
        }
        return pairWithFlip((best(0, false), best(0, true)), (best(1, false), best(1, true)), magnitudes)
    }

    typealias FoundQuad = (word: Int, cost: Float)

    /// Puts the best words of both quads together, one sign being flipped where that costs least.
    @inline(__always)
    private func pairWithFlip(
        _ first: (plain: FoundQuad, flipped: FoundQuad), _ second: (plain: FoundQuad, flipped: FoundQuad),
        _ magnitudes: UnsafePointer<Lanes>
    ) -> QuadPair {
        let products = values * weights
        if first.plain.cost + second.flipped.cost <= first.flipped.cost + second.plain.cost {
            let costs = products.highHalf * QuadBook.word(second.flipped.word, magnitudes)
            return QuadPair(
                first: first.plain.word, second: second.flipped.word, signs: signs ^ (16 << Self.cheapest(costs)))
        }
        let costs = products.lowHalf * QuadBook.word(first.flipped.word, magnitudes)
        return QuadPair(
            first: first.flipped.word, second: second.plain.word, signs: signs ^ (1 << Self.cheapest(costs)))
    }

    @inline(__always)
    private static func cheapest(_ costs: SIMD4<Float>) -> UInt32 {
        var cheapest = 0
        for element in 1..<4 where costs[element] < costs[cheapest] { cheapest = element }
        return UInt32(truncatingIfNeeded: cheapest)
    }

    /// Σ w (g − x)² of sixteen words.
    @inline(__always)
    private static func costs(
        _ values: SIMD4<Float>, _ weights: SIMD4<Float>, _ words: UnsafePointer<Lanes>
    ) -> Lanes {
        var sum = Lanes()
        for element in 0..<4 {
            let rest = words[element] - values[element]
            sum = csimd_multiply_add(rest * weights[element], rest, sum)
        }
        return sum
    }

    @inline(__always)
    private static func bestWord(
        _ values: SIMD4<Float>, _ weights: SIMD4<Float>, _ magnitudes: UnsafePointer<Lanes>, _ vectorCount: Int
    ) -> Int {
        var least = LeastCosts()
        for vector in 0..<vectorCount {
            least.add(costs(values, weights, magnitudes + 4 &* vector), vector: vector)
        }
        return least.best.word
    }

    /// The best word with the elements' signs, and the best one with one sign flipped, which adds 4 w x g for that element.
    @inline(__always)
    private static func bestWords(
        _ values: SIMD4<Float>, _ weights: SIMD4<Float>, _ magnitudes: UnsafePointer<Lanes>, _ vectorCount: Int
    ) -> (plain: FoundQuad, flipped: FoundQuad) {
        let products = values * weights
        var plain = LeastCosts()
        var flipped = LeastCosts()
        for vector in 0..<vectorCount {
            let words = magnitudes + 4 &* vector
            let costs = costs(values, weights, words)
            plain.add(costs, vector: vector)
            flipped.add(
                csimd_multiply_add(cheapestFlips(products, words), Lanes(repeating: 4), costs), vector: vector)
        }
        return (plain.best, flipped.best)
    }

    /// For sixteen words the least of the products w x g of their four elements.
    @inline(__always)
    static func cheapestFlips(_ products: SIMD4<Float>, _ words: UnsafePointer<Lanes>) -> Lanes {
        csimd_minimum(
            csimd_minimum(words[0] * products[0], words[1] * products[1]),
            csimd_minimum(words[2] * products[2], words[3] * products[3]))
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
    var best: QuadTarget.FoundQuad {
        let lane = costs.indexOfLeast
        return (Int(vectors[lane]) &* 16 &+ lane, costs[lane])
    }
}
