import CSIMD

/// The search for the scale of a block whose levels are −1, 0, 1 and, in one kind of format, 2.
///
/// With so few levels comparing is faster than rounding: each of eight thresholds, one per lane, tells which elements become 0,
/// and three times the threshold which become 2. The result is the scale that fits the best of these choices.
struct ThresholdSearch {
    /// Whether there is the level 2; a negative scale then makes it −2.
    let hasTwo: Bool

    /// Thresholds in units of the mean magnitude, by weight.
    private static var thresholds: SIMD8<Float> { SIMD8(0.25, 0.32, 0.4, 0.5, 0.63, 0.8, 1, 1.25) }

    private struct Sums {
        var products = SIMD8<Float>()
        var squares = SIMD8<Float>()

        @inline(__always)
        mutating func add(_ product: Float, _ weight: Float, where lanes: SIMD8<Float>, exceed others: SIMD8<Float>) {
            products = csimd_add_where_greater(products, SIMD8(repeating: product), lanes, others)
            squares = csimd_add_where_greater(squares, SIMD8(repeating: weight), lanes, others)
        }
    }

    /// The scale, of either sign, whose best codes leave the least weighted squared error, to within the search's steps.
    ///
    /// - Parameters:
    ///   - work: Room for twice `count` floats.
    @inline(__always)
    func bestScale(
        _ elements: PreparedElements, count: Int, work: UnsafeMutablePointer<Float>
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
        var either = Sums()
        var positive = Sums()
        var negative = Sums()
        for index in 0..<count {
            let product = products[index]
            let weight = elements.weights[index]
            either.add(product, weight, where: SIMD8(repeating: magnitudes[index]), exceed: thresholds)
            if hasTwo {
                // What level 2 adds to the sums of level 1: a product more, and 4 − 1 weights.
                let value = SIMD8(repeating: elements.values[index])
                positive.add(product, weight, where: value, exceed: thresholds * 3)
                negative.add(product, weight, where: thresholds * -3, exceed: value)
            }
        }
        let upright = Self.best(either.products + positive.products, either.squares + 3 * positive.squares)
        let reversed = Self.best(either.products + negative.products, either.squares + 3 * negative.squares)
        return upright.gain >= reversed.gain ? upright.scale : -reversed.scale
    }

    /// The scale that fits the best of eight choices of codes, and how much of the elements it explains.
    @inline(__always)
    private static func best(_ products: SIMD8<Float>, _ squares: SIMD8<Float>) -> (scale: Float, gain: Float) {
        var gains = products * products / squares
        gains.replace(with: 0, where: squares .<= 0)
        let lane = Lanes(lowHalf: -gains, highHalf: -gains).indexOfLeast
        return gains[lane] > 0 ? (products[lane] / squares[lane], gains[lane]) : (0, 0)
    }
}
