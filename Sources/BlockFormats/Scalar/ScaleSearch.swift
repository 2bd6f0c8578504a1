import CSIMD

/// The search for the scale of a block whose elements are scale · level, the levels being those of a grid.
///
/// Sixteen scales are tried at a time, one per lane.
struct ScaleSearch<Grid: CodeGrid>: Sendable {
    let grid: Grid
    /// The scales to try, as multiples of the inverse of the least scale that covers all elements.
    let multiples: Lanes

    /// - Parameters:
    ///   - span: The least and greatest multiple to try; beyond 1 the largest elements are clipped.
    @inline(__always)
    init(grid: Grid, span: ClosedRange<Float>) {
        self.grid = grid
        multiples = Lanes.ramp * ((span.upperBound - span.lowerBound) / 15) + span.lowerBound
    }

    /// The scale, of either sign, whose best codes leave the least weighted squared error, to within the search's steps.
    @inline(__always)
    func bestScale(_ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int) -> Float {
        var least = Lanes()
        var greatest = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            least = csimd_minimum(least, values.lanes(start))
            greatest = csimd_maximum(greatest, values.lanes(start))
        }
        let low = csimd_least(least)
        let high = -csimd_least(-greatest)
        let upright = max(high / grid.highest, low / grid.lowest)
        let reversed = max(-high / grid.lowest, -low / grid.highest)
        guard upright > 0, reversed > 0 else { return 0 }
        let first = bestFit(values, weights, count: count, inverses: multiples * (1 / upright))
        if grid.isSymmetric { return first.scale }
        let second = bestFit(values, weights, count: count, inverses: multiples * (-1 / reversed))
        return first.gain >= second.gain ? first.scale : second.scale
    }

    /// Of sixteen inverse scales the one whose codes, with the scale refitted to them, explain most of the elements.
    @inline(__always)
    private func bestFit(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int, inverses: Lanes
    ) -> (scale: Float, gain: Float) {
        var products = Lanes()
        var squares = Lanes()
        for index in 0..<count {
            let level = grid.nearest(inverses * values[index])
            let weighted = level * weights[index]
            products = csimd_multiply_add(weighted, Lanes(repeating: values[index]), products)
            squares = csimd_multiply_add(weighted, level, squares)
        }
        var gains = products * products / squares
        gains.replace(with: 0, where: squares .<= 0)
        let lane = (-gains).indexOfLeast
        return gains[lane] > 0 ? (products[lane] / squares[lane], gains[lane]) : (0, 0)
    }
}
