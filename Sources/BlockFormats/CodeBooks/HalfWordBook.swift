import CSIMD

/// A code book of words of eight elements with three levels each, seen as pairs of half words of four elements.
///
/// There are 81 half words, numbered by their levels, 27 e₃ + 9 e₂ + 3 e₁ + e₀, and 81 · 81 pairs; which of these the code
/// book has is kept as bits.
struct HalfWordBook: Sendable {
    let pairs: LevelPairs
    /// The code word of a pair of half words, at 81 · first + second; −1 where the code book has none.
    private let words: [Int16]
    /// Per half word, six times sixteen bits: the other halves that the code book has with it. First come the second
    /// halves for each first half, then the first halves for each second half.
    private let partners: [UInt16]

    /// - Parameters:
    ///   - packedGrid: The code words, two bits per element from the lowest up.
    ///   - levels: What 0, 1 and 2 stand for.
    init(packedGrid: [UInt16], levels: SIMD3<Float>) {
        pairs = LevelPairs(levels)
        var words = [Int16](repeating: -1, count: 81 * 81)
        for (word, packed) in packedGrid.enumerated() {
            let halves = [0, 8].map { shift in
                [1, 3, 9, 27].enumerated().reduce(0) { sum, digit in
                    sum + digit.element * (Int(packed >> UInt16(shift + 2 * digit.offset)) & 3)
                }
            }
            words[81 * halves[0] + halves[1]] = Int16(word)
        }
        self.words = words
        partners = [(81, 1), (1, 81)].flatMap { ownPlace, otherPlace in
            (0..<81).flatMap { own in
                (0..<6).map { vector in
                    (0..<16).reduce(UInt16(0)) { mask, lane in
                        let other = 16 * vector + lane
                        let isPair = other < 81 && words[ownPlace * own + otherPlace * other] >= 0
                        return isPair ? mask | 1 << UInt16(lane) : mask
                    }
                }
            }
        }
    }

    /// Per vector of sixteen half words, the pairs of levels of their last two and of their first two elements; half words
    /// beyond 81 repeat the last.
    private static let pairIndices: [SIMD16<Int32>] = (0..<6).flatMap { vector in
        [9, 1].map { place in
            var indices = SIMD16<Int32>()
            for lane in 0..<16 { indices[lane] = Int32(min(16 * vector + lane, 80) / place % 9) }
            return indices
        }
    }

    @inline(__always)
    func withTables<Result>(_ body: (HalfWordTables) -> Result) -> Result {
        Self.pairIndices.withUnsafeBufferPointer { pairIndices in
            words.withUnsafeBufferPointer { words in
                partners.withUnsafeBufferPointer { partners in
                    body(
                        HalfWordTables(
                            pairs: pairs, pairIndices: pairIndices.baseAddress!, words: words.baseAddress!,
                            secondPartners: partners.baseAddress!, firstPartners: partners.baseAddress! + 6 * 81))
                }
            }
        }
    }
}

/// A pair of half words and its cost.
struct HalfWordPair {
    var first: Int
    var second: Int
    var cost: Float
}

/// The tables of a ``HalfWordBook`` as pointers, and the search in them.
struct HalfWordTables {
    let pairs: LevelPairs
    let pairIndices: UnsafePointer<SIMD16<Int32>>
    let words: UnsafePointer<Int16>
    let secondPartners: UnsafePointer<UInt16>
    let firstPartners: UnsafePointer<UInt16>

    /// For sixteen half words, the sum of what their first two and their last two elements have in tables over pairs of
    /// levels.
    @inline(__always)
    func spread(_ firstTwo: Lanes, _ lastTwo: Lanes, vector: Int) -> Lanes {
        csimd_permute(lastTwo, pairIndices[2 &* vector]) + csimd_permute(firstTwo, pairIndices[2 &* vector &+ 1])
    }

    @inline(__always)
    func word(_ pair: HalfWordPair) -> Int { Int(max(0, words[81 &* pair.first &+ pair.second])) }

    /// The pair in the code book that costs least, if it costs less than a bound.
    ///
    /// Goes through the first halves that can still beat the best pair known.
    ///
    /// - Parameter costOfFirst: The cost of one first half word, as in `firsts`.
    @inline(__always)
    func bestPair(
        _ firsts: HalfWordCosts, _ seconds: HalfWordCosts, below bound: Float, costOfFirst: (Int) -> Float
    ) -> HalfWordPair? {
        let leastFirst = firsts.least
        let leastSecond = seconds.least
        guard leastFirst + leastSecond < bound else { return nil }
        // A pair to beat: the better of the best with the least first and the best with the least second half.
        var first = firsts.index(of: leastFirst)
        let second = seconds.index(of: leastSecond)
        var leastPartner = seconds.least(among: secondPartners + 6 &* first)
        var best = leastFirst + leastPartner
        let otherPartner = firsts.least(among: firstPartners + 6 &* second)
        var candidates = firsts.places(below: min(best, leastSecond + otherPartner, bound) - leastSecond)
        candidates.remove(first)
        if leastSecond + otherPartner < best {
            best = leastSecond + otherPartner
            first = firsts.index(of: otherPartner, among: firstPartners + 6 &* second)
            leastPartner = leastSecond
            candidates.remove(first)
        }
        while let candidate = candidates.removeFirst() {
            let partner = seconds.least(among: secondPartners + 6 &* candidate)
            let cost = costOfFirst(candidate) + partner
            if cost < best {
                best = cost
                first = candidate
                leastPartner = partner
            }
        }
        guard best < bound else { return nil }
        return HalfWordPair(
            first: first, second: seconds.index(of: leastPartner, among: secondPartners + 6 &* first), cost: best)
    }

    /// The exactly best pair for a group in units of its scale.
    @inline(__always)
    func bestPair(_ target: GroupTarget, below bound: Float) -> HalfWordPair? {
        @inline(__always)
        func costs(_ start: Int) -> HalfWordCosts {
            let (firstTwo, lastTwo) = (pairs.costs(target, at: start), pairs.costs(target, at: start &+ 2))
            return HalfWordCosts { spread(firstTwo, lastTwo, vector: $0) }
        }
        let firsts = costs(0)
        return withUnsafePointer(to: firsts.vectors) { pointer in
            let scalars = UnsafeRawPointer(pointer).assumingMemoryBound(to: Float.self)
            return bestPair(firsts, costs(4), below: bound) { scalars[$0] }
        }
    }
}
