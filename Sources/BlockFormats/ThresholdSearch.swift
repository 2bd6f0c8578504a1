import CSIMD

/// The search for the scale of a block whose levels are −1, 0, 1 and, in one kind of format, 2.
///
/// With so few levels comparing is faster than rounding: each of sixteen thresholds, one per lane, tells which elements become
/// 0, and three times the threshold which become 2. The scale that fits the best of these choices is then refined.
struct ThresholdSearch {
    /// Whether there is the level 2; a negative scale then makes it −2.
    let hasTwo: Bool

    /// Thresholds in units of the mean magnitude, by weight.
    private static let thresholds: Lanes = {
        var thresholds = Lanes()
        var threshold: Float = 0.25
        for lane in 0..<16 {
            thresholds[lane] = threshold
            threshold *= 1.12
        }
        return thresholds
    }()

    /// The scale, of either sign, whose best codes leave the least weighted squared error, to within the search's steps.
    ///
    /// - Parameters:
    ///   - work: Room for twice `count` floats.
    @inline(__always)
    func bestScale(
        _ elements: PreparedElements, count: Int, grid: IntegerGrid, work: UnsafeMutablePointer<Float>
    ) -> Float {
        let magnitudes = work
        let products = work + count
        var weightSums = Lanes()
        var productSums = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = elements.values.lanes(start)
            let magnitude = csimd_maximum(lanes, -lanes)
            let product = magnitude * elements.weights.lanes(start)
            magnitudes.store(magnitude, start)
            products.store(product, start)
            weightSums += elements.weights.lanes(start)
            productSums += product
        }
        let thresholds = Self.thresholds * (csimd_sum(productSums) / csimd_sum(weightSums))
        var sums = (products: Lanes(), squares: Lanes())
        var positive = (products: Lanes(), squares: Lanes())
        var negative = (products: Lanes(), squares: Lanes())
        for index in 0..<count {
            let magnitude = Lanes(repeating: magnitudes[index])
            let product = Lanes(repeating: products[index])
            let weight = Lanes(repeating: elements.weights[index])
            sums.products = csimd_add_where_greater(sums.products, product, magnitude, thresholds)
            sums.squares = csimd_add_where_greater(sums.squares, weight, magnitude, thresholds)
            if hasTwo {
                // What level 2 adds to the sums of level 1: a product more, and 4 − 1 weights.
                let third = Lanes(repeating: elements.values[index] * (1 / 3 as Float))
                positive.products = csimd_add_where_greater(positive.products, product, third, thresholds)
                positive.squares = csimd_add_where_greater(positive.squares, weight, third, thresholds)
                negative.products = csimd_add_where_greater(negative.products, product, -third, thresholds)
                negative.squares = csimd_add_where_greater(negative.squares, weight, -third, thresholds)
            }
        }
        let upright = Self.best(sums.products + positive.products, sums.squares + 3 * positive.squares)
        let reversed = Self.best(sums.products + negative.products, sums.squares + 3 * negative.squares)
        let scale = upright.gain >= reversed.gain ? upright.scale : -reversed.scale
        return ScaleSearch(grid: grid).refitted(
            elements.values, elements.weights, count: count, scale: scale, rounds: 4)
    }

    /// The scale that fits the best of sixteen choices of codes, and how much of the elements it explains.
    @inline(__always)
    private static func best(_ products: Lanes, _ squares: Lanes) -> (scale: Float, gain: Float) {
        var gains = products * products / squares
        gains.replace(with: 0, where: squares .<= 0)
        let lane = (-gains).indexOfLeast
        return gains[lane] > 0 ? (products[lane] / squares[lane], gains[lane]) : (0, 0)
    }
}
