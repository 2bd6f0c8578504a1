import CSIMD

/// Eight elements under a fixed scale, for which words of a ``QuadBook`` and signs are to be found.
struct QuadTarget {
    /// The elements' magnitudes in units of the scale.
    let values: SIMD8<Float>
    /// What their errors cost, as parts of the greatest.
    let weights: SIMD8<Float>
    /// A bit for each element whose sign differs from the scale's.
    let signs: UInt32

    /// Beyond this, in units of the scale, all levels are equally far away in single precision's eyes.
    private static let greatest = SIMD8<Float>(repeating: 0x1p20)
    private static let leastWeight = SIMD8<Float>(repeating: 0x1p-40)

    /// Elements under a scale of zero, or one that is not finite, count as zero.
    @inline(__always)
    init(_ values: UnsafePointer<Float>, weights: UnsafePointer<Float>?, scale: Float) {
        var ratios = SIMD8<Float>()
        if scale != 0, scale.isFinite {
            ratios = UnsafeRawPointer(values).loadUnaligned(as: SIMD8<Float>.self) / scale
        }
        signs = QuadBook.signBits(ratios)
        let magnitudes = ratios.replacing(with: -ratios, where: ratios .< 0)
        self.values = magnitudes.replacing(with: Self.greatest, where: .!(magnitudes .< Self.greatest))

        var shares = SIMD8<Float>(repeating: 1)
        if let weights {
            let lanes = UnsafeRawPointer(weights).loadUnaligned(as: SIMD8<Float>.self)
            let greatest = lanes.max()
            if greatest >= .leastNormalMagnitude, greatest.isFinite { shares = lanes / greatest }
        }
        self.weights = shares.replacing(with: Self.leastWeight, where: .!(shares .> Self.leastWeight))
    }

    /// The two words of least error, exactly, with one sign flipped where the signs' parity asks for it.
    @inline(__always)
    func bestPair(_ book: QuadBook, _ magnitudes: UnsafePointer<Lanes>) -> QuadPair {
        let vectorCount = book.wordCount >> 4
        guard book.isSignParityEven, signs.nonzeroBitCount & 1 == 1 else {
            return QuadPair(
                first: bestWord(values.lowHalf, weights.lowHalf, magnitudes, vectorCount),
                second: bestWord(values.highHalf, weights.highHalf, magnitudes, vectorCount))
        }
        let first = bestWords(values.lowHalf, weights.lowHalf, magnitudes, vectorCount)
        let second = bestWords(values.highHalf, weights.highHalf, magnitudes, vectorCount)
        return QuadPair(
            first: first.plain, second: second.plain, flippedFirst: first.flipped, flippedSecond: second.flipped)
    }

    /// Σ w (g − x)² of sixteen words.
    @inline(__always)
    private func costs(_ values: SIMD4<Float>, _ weights: SIMD4<Float>, _ words: UnsafePointer<Lanes>) -> Lanes {
        var sum = Lanes()
        for element in 0..<4 {
            let rest = words[element] - values[element]
            sum = csimd_multiply_add(rest * weights[element], rest, sum)
        }
        return sum
    }

    @inline(__always)
    private func bestWord(
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
    private func bestWords(
        _ values: SIMD4<Float>, _ weights: SIMD4<Float>, _ magnitudes: UnsafePointer<Lanes>, _ vectorCount: Int
    ) -> (plain: (word: Int, cost: Float), flipped: (word: Int, cost: Float)) {
        let products = values * weights
        var plain = LeastCosts()
        var flipped = LeastCosts()
        for vector in 0..<vectorCount {
            let words = magnitudes + 4 &* vector
            let costs = costs(values, weights, words)
            plain.add(costs, vector: vector)
            flipped.add(
                csimd_multiply_add(Self.cheapestFlips(products, words), Lanes(repeating: 4), costs), vector: vector)
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
