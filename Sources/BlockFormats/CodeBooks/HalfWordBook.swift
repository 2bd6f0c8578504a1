import CSIMD

/// A code book of words of eight elements with three levels each, seen as pairs of half words of four elements.
///
/// There are 81 half words, numbered by their levels, 27 e₃ + 9 e₂ + 3 e₁ + e₀, and 81 · 81 pairs; which of these the code
/// book has is kept as bits.
struct HalfWordBook: Sendable {
    let pairs: LevelPairs
    private let middles: Lanes
    /// The code word of a pair of half words, at 81 · first + second; −1 where the code book has none.
    private let words: [Int16]
    /// Per half word the other halves that the code book has with it: first the second halves for each first half, then the
    /// first halves for each second half.
    private let partners: [HalfWordSet]

    /// - Parameters:
    ///   - packedGrid: The code words, two bits per element from the lowest up.
    ///   - levels: What 0, 1 and 2 stand for.
    init(packedGrid: [UInt16], levels: SIMD3<Float>) {
        pairs = LevelPairs(levels)
        middles = Lanes(
            lowHalf: SIMD8(repeating: (levels.x + levels.y) / 2), highHalf: SIMD8(repeating: (levels.y + levels.z) / 2))
        var words = [Int16](repeating: -1, count: 81 * 81)
        for (word, packed) in packedGrid.enumerated() {
            words[81 * Self.half(packed & 0xff) + Self.half(packed >> 8)] = Int16(word)
        }
        self.words = words
        partners = [(81, 1), (1, 81)].flatMap { ownPlace, otherPlace in
            (0..<81).map { own in
                HalfWordSet { word in
                    var mask: UInt32 = 0
                    for other in 32 * word..<min(32 * word + 32, 81)
                    where words[ownPlace * own + otherPlace * other] >= 0 {
                        mask |= 1 << UInt32(other & 31)
                    }
                    return mask
                }
            }
        }
    }

    /// The number of a half word of four digits below 3, the lowest first, which are packed in two bits each.
    private static func half(_ packed: UInt16) -> Int {
        (0..<4).reversed().reduce(0) { number, digit in 3 * number + Int(packed >> UInt16(2 * digit) & 3) }
    }

    /// Per vector of sixteen half words, the pairs of levels of their last two and of their first two elements; half words
    /// beyond 81 repeat the last.
    private static let pairIndices: [SIMD16<Int32>] = (0..<6).flatMap { vector in
        [9, 1].map { place in
            var indices = SIMD16<Int32>()
            for lane in 0..<16 {
                indices[lane] = LevelPairs.index(Int32(min(16 * vector + lane, 80) / place % 9))
            }
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
                            pairs: pairs, middles: middles, pairIndices: pairIndices.baseAddress!,
                            words: words.baseAddress!,
                            secondPartners: partners.baseAddress!, firstPartners: partners.baseAddress! + 81))
                }
            }
        }
    }
}

/// Four bits as the digits of a number to the base 3.
private let ternary = SIMD16<UInt8>(0, 1, 3, 4, 9, 10, 12, 13, 27, 28, 30, 31, 36, 37, 39, 40)

/// A pair of half words and its cost.
struct HalfWordPair {
    var first: Int
    var second: Int
    var cost: Float
}

/// The tables of a ``HalfWordBook`` as pointers, and the search in them.
struct HalfWordTables {
    let pairs: LevelPairs
    /// The middle of the first two levels, then that of the last two, eight times each.
    let middles: Lanes
    let pairIndices: UnsafePointer<SIMD16<Int32>>
    let words: UnsafePointer<Int16>
    let secondPartners: UnsafePointer<HalfWordSet>
    let firstPartners: UnsafePointer<HalfWordSet>

    /// For sixteen half words, the sum of what their first two and their last two elements have in tables over pairs of
    /// levels.
    @inline(__always)
    func spread(_ firstTwo: Lanes, _ lastTwo: Lanes, vector: Int) -> Lanes {
        csimd_permute_nine(lastTwo, pairIndices[2 &* vector])
            + csimd_permute_nine(firstTwo, pairIndices[2 &* vector &+ 1])
    }

    @inline(__always)
    func word(_ pair: HalfWordPair) -> Int { Int(max(0, words[81 &* pair.first &+ pair.second])) }

    @inline(__always)
    func has(_ first: Int, _ second: Int) -> Bool { words[81 &* first &+ second] >= 0 }

    /// The half words nearest to eight elements, given twice.
    @inline(__always)
    func nearest(_ elements: Lanes, scale: Float, shift: Float) -> (first: Int, second: Int) {
        let bits = Int(csimd_less_mask((middles + shift) * scale, elements))
        return (
            Int(ternary[bits & 15]) &+ Int(ternary[bits >> 8 & 15]),
            Int(ternary[bits >> 4 & 15]) &+ Int(ternary[bits >> 12])
        )
    }

    /// The pair in the code book that costs least, if it costs less than a bound.
    ///
    /// - Parameters:
    ///   - isExact: Whether to look beyond the best pair with the cheapest first and the best with the cheapest second half.
    @inline(__always)
    func bestPair(
        _ firsts: HalfWordCosts, _ seconds: HalfWordCosts, below bound: Float, isExact: Bool = true
    ) -> HalfWordPair? {
        guard firsts.least + seconds.least < bound else { return nil }
        let (first, second) = (firsts.first(costing: firsts.least), seconds.first(costing: seconds.least))
        if words[81 &* first &+ second] >= 0 {
            return HalfWordPair(first: first, second: second, cost: firsts.least + seconds.least)
        }
        let partner = seconds.least(among: secondPartners + first)
        let otherPartner = firsts.least(among: firstPartners + second)
        let known = min(firsts.least + partner, seconds.least + otherPartner)
        if isExact, let best = bestPair(firsts, seconds, better: min(known, bound)) { return best }
        guard known < bound else { return nil }
        return firsts.least + partner == known
            ? HalfWordPair(
                first: first, second: seconds.first(costing: partner, among: secondPartners[first]), cost: known)
            : HalfWordPair(
                first: firsts.first(costing: otherPartner, among: firstPartners[second]), second: second, cost: known)
    }

    /// The pair that costs least, if it costs less than a limit, among those whose halves do so with the cheapest other half.
    @inline(__always)
    private func bestPair(_ firsts: HalfWordCosts, _ seconds: HalfWordCosts, better limit: Float) -> HalfWordPair? {
        var limit = limit
        var best: HalfWordPair?
        var candidates = firsts.adding(seconds.least, below: limit)
        let partners = seconds.adding(firsts.least, below: limit)
        while let candidate = candidates.removeFirst() {
            var partners = secondPartners[candidate].intersection(partners)
            while let partner = partners.removeFirst() {
                let cost = firsts[candidate] + seconds[partner]
                if cost < limit {
                    limit = cost
                    best = HalfWordPair(first: candidate, second: partner, cost: cost)
                }
            }
        }
        return best
    }

    /// The exactly best pair for a group in units of its scale.
    @inline(__always)
    func bestPair(_ target: GroupTarget, below bound: Float) -> HalfWordPair? {
        @inline(__always)
        func costs(_ floats: UnsafeMutablePointer<Float>, _ start: Int) -> HalfWordCosts {
            let (firstTwo, lastTwo) = (pairs.costs(target, at: start), pairs.costs(target, at: start &+ 2))
            return HalfWordCosts(floats) { spread(firstTwo, lastTwo, vector: $0) }
        }
        return withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * HalfWordCosts.floatCount) { room in
            let room = room.baseAddress!
            return bestPair(costs(room, 0), costs(room + HalfWordCosts.floatCount, 4), below: bound)
        }
    }
}
