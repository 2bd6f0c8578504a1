import CSIMD

// Under a scale t and a shift δ a group of eight with code word g costs, up to a constant, Σ w (t² (g + δ)² − 2 t x (g + δ)): a
// sum over two halves of four elements, each of which has 81 possible values. The cost of all 162 half words takes a few
// vector operations; of the 81 · 81 pairs the code book has 1024 or 2048.

/// What the half words' costs under any scale and shift are made of, for all groups of a super-block.
struct HalfWordMoments {
    let tables: HalfWordTables
    let values: UnsafePointer<Float>
    let weights: UnsafePointer<Float>
    /// Whether only magnitudes count, because the format keeps every sign.
    let areMagnitudes: Bool
    /// Per half group, of 96 half words each: Σ w g² with a shift's ± ¼ Σ w g, first for the positive, then for the negative
    /// shift, and −2 Σ w x g.
    private let moments: UnsafeMutablePointer<Float>
    /// Per group Σ w / 64 and Σ w x / 8: what a shift of ⅛ adds to the moments of every code word.
    private let constants: UnsafeMutablePointer<Float>
    private let costs: UnsafeMutablePointer<Float>

    static let floatCount = 64 * 288 + 64 + 2 * HalfWordCosts.floatCount

    init(_ tables: HalfWordTables, _ room: SuperblockRoom, areMagnitudes: Bool) {
        self.tables = tables
        values = UnsafePointer(room.values)
        weights = UnsafePointer(room.weights)
        self.areMagnitudes = areMagnitudes
        moments = room.moments
        constants = room.moments + 64 * 288
        costs = constants + 64
    }

    /// Computes the moments of all half words of a group.
    func prepare(group: Int) {
        var weightSum: Float = 0
        var productSum: Float = 0
        for half in 2 &* group...2 &* group &+ 1 {
            let place = moments + 288 &* half
            @inline(__always)
            func tables(_ start: Int) -> (squares: Lanes, sums: Lanes, slopes: Lanes) {
                let (first, second) = (weights[start], weights[start &+ 1])
                let products = (first * value(start), second * value(start &+ 1))
                weightSum += first + second
                productSum += products.0 + products.1
                let pairs = self.tables.pairs
                return (
                    pairs.squares(first, second), pairs.sums(first, second),
                    pairs.sums(-2 * products.0, -2 * products.1)
                )
            }
            let firstTwo = tables(4 &* half)
            let lastTwo = tables(4 &* half &+ 2)
            for vector in 0..<6 {
                let squares = self.tables.spread(firstTwo.squares, lastTwo.squares, vector: vector)
                let slopes = self.tables.spread(firstTwo.slopes, lastTwo.slopes, vector: vector)
                place.store(slopes, 192 &+ 16 &* vector)
                if areMagnitudes {
                    place.store(squares, 16 &* vector)
                } else {
                    let sums = self.tables.spread(firstTwo.sums, lastTwo.sums, vector: vector)
                    place.store(csimd_multiply_add(sums, Lanes(repeating: 0.25), squares), 16 &* vector)
                    place.store(
                        csimd_multiply_add(sums, Lanes(repeating: -0.25), squares), 96 &+ 16 &* vector)
                }
            }
        }
        constants[2 &* group] = weightSum / 64
        constants[2 &* group &+ 1] = productSum / 8
    }

    @inline(__always)
    private func value(_ index: Int) -> Float { areMagnitudes ? values[index].magnitude : values[index] }

    /// What a shift of ⅛ adds to b of every code word of a group.
    @inline(__always)
    func shiftProduct(group: Int) -> Float { constants[2 &* group &+ 1] }

    /// The exactly best pair of half words of a group under a scale and a shift of ±⅛ or none, its cost divided by the scale;
    /// nil if that is not below a bound.
    @inline(__always)
    func bestPair(group: Int, scale: Float, shift: Float, isExact: Bool = true, below bound: Float = .infinity)
        -> HalfWordPair?
    {
        let squares = moments + (576 &* group &+ place(shift))
        let slopes = moments + (576 &* group &+ 192)
        let (first, second) = nearestPair(group: group, scale: scale, shift: shift)
        let cost =
            (squares[first] * scale + slopes[first]) + (squares[288 &+ second] * scale + slopes[288 &+ second])
        guard cost < bound else { return nil }
        if tables.has(first, second) { return HalfWordPair(first: first, second: second, cost: cost) }
        @inline(__always)
        func costs(_ half: Int) -> HalfWordCosts {
            HalfWordCosts(self.costs + half &* HalfWordCosts.floatCount) { vector in
                let place = 288 &* half &+ 16 &* vector
                return csimd_multiply_add(squares.lanes(place), Lanes(repeating: scale), slopes.lanes(place))
            }
        }
        return tables.bestPair(costs(0), costs(1), below: bound, isExact: isExact)
    }

    /// The half words whose elements are all nearest to those of a group: no others cost less.
    @inline(__always)
    private func nearestPair(group: Int, scale: Float, shift: Float) -> (first: Int, second: Int) {
        let eight = values.eight(8 &* group)
        var lanes = Lanes(lowHalf: eight, highHalf: eight)
        if areMagnitudes { lanes = csimd_maximum(lanes, Lanes() - lanes) }
        return tables.nearest(lanes, scale: scale, shift: shift)
    }

    @inline(__always)
    private func place(_ shift: Float) -> Int { shift < 0 ? 96 : 0 }

    /// a and b of a pair.
    @inline(__always)
    func error(group: Int, _ pair: HalfWordPair, shift: Float) -> QuadraticError {
        let first = moments + (576 &* group &+ pair.first)
        let second = moments + (576 &* group &+ 288 &+ pair.second)
        let place = place(shift)
        return QuadraticError(
            a: first[place] + second[place] + 64 * shift * shift * constants[2 &* group],
            b: -0.5 * (first[192] + second[192]) + 8 * shift * constants[2 &* group &+ 1])
    }

    /// The code word of a pair, or the first where even the best pair's cost is not a number.
    @inline(__always)
    func found(_ pair: HalfWordPair?, group: Int, shift: Float) -> FoundWord {
        let pair = pair ?? HalfWordPair(first: 0, second: 0, cost: 0)
        return FoundWord(index: tables.word(pair), error: error(group: group, pair, shift: shift))
    }
}
