import CSIMD

/// The search for about the right scales of all parts of a super-block whose elements have three levels, as if every combination
/// of levels were a code word.
struct LevelScan {
    let levels: SIMD3<Float>
    /// Whether only magnitudes count, because the format keeps every sign.
    let areMagnitudes: Bool
    /// The scales to try, in units of a part's mean magnitude by weight.
    let scales: Lanes
    let count: Int

    /// The scales that fit the best codes of each part, and how much these explain.
    @inline(__always)
    func best(_ columns: ElementColumns, shift: Float) -> (scales: Lanes, gains: Lanes) {
        var weightSums = Lanes()
        var magnitudeSums = Lanes()
        for index in 0..<16 {
            let values = columns.values(index)
            weightSums += columns.weights(index)
            magnitudeSums = csimd_multiply_add(
                csimd_maximum(values, Lanes() - values), columns.weights(index), magnitudeSums)
        }
        let sizes = columns.total(magnitudeSums) / columns.total(weightSums)
        var best = (scales: Lanes(), gains: Lanes())
        for trial in 0..<count {
            let scales = sizes * self.scales[trial]
            let lowMiddle = scales * ((levels.x + levels.y) / 2 + shift)
            let highMiddle = scales * ((levels.y + levels.z) / 2 + shift)
            var squares = Lanes()
            var products = Lanes()
            for index in 0..<16 {
                var values = columns.values(index)
                if areMagnitudes { values = csimd_maximum(values, Lanes() - values) }
                let lower = csimd_where_less(
                    lowMiddle, values, Lanes(repeating: levels.y + shift), Lanes(repeating: levels.x + shift))
                let level = csimd_where_less(highMiddle, values, Lanes(repeating: levels.z + shift), lower)
                let weighted = level * columns.weights(index)
                squares = csimd_multiply_add(weighted, level, squares)
                products = csimd_multiply_add(weighted, values, products)
            }
            let product = csimd_maximum(columns.total(products), Lanes())
            let fitted = product / columns.total(squares)
            let gains = product * fitted
            best.scales = csimd_where_less(best.gains, gains, fitted, best.scales)
            best.gains = csimd_where_less(best.gains, gains, gains, best.gains)
        }
        return best
    }
}
