import CSIMD

/// The nine pairs that two elements with three levels each can have, at 3 · (second level) + first level.
struct LevelPairs: Sendable {
    let first: Lanes
    let second: Lanes

    /// How `csimd_permute_nine` wants the number of a pair.
    static func index(_ pair: Int32) -> Int32 { pair == 8 ? -8 : pair }

    init(_ levels: SIMD3<Float>) {
        var first = Lanes()
        var second = Lanes()
        for pair in 0..<9 {
            first[pair] = levels[pair % 3]
            second[pair] = levels[pair / 3]
        }
        self.first = first
        self.second = second
    }

    /// Σ w g² for every pair of levels g.
    @inline(__always)
    func squares(_ firstWeight: Float, _ secondWeight: Float) -> Lanes {
        csimd_multiply_add(first * first, Lanes(repeating: firstWeight), second * second * secondWeight)
    }

    /// Σ w g for every pair of levels, where the factors w may be products with elements.
    @inline(__always)
    func sums(_ firstFactor: Float, _ secondFactor: Float) -> Lanes {
        csimd_multiply_add(first, Lanes(repeating: firstFactor), second * secondFactor)
    }

    /// min w g for every pair of levels.
    @inline(__always)
    func least(_ firstFactor: Float, _ secondFactor: Float) -> Lanes {
        csimd_minimum(first * firstFactor, second * secondFactor)
    }

    /// Σ w (g − y)² for every pair of levels, exact to the last digit where they are as good as met.
    @inline(__always)
    func costs(_ target: GroupTarget, at index: Int) -> Lanes {
        let firstRest = first - target.values[index]
        let secondRest = second - target.values[index &+ 1]
        return csimd_multiply_add(
            firstRest * target.weights[index], firstRest, secondRest * target.weights[index &+ 1] * secondRest)
    }
}
