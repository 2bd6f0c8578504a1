import CSIMD

/// Codes chosen for all parts of a super-block, one per lane: Σ w l² and Σ w l x of their levels, and the scale that fits them best.
struct ScaleFits {
    var scales = Lanes()
    var squares = Lanes()
    var products = Lanes()
    private var gains = Lanes()

    /// Takes other codes in the lanes where they explain more of the elements.
    @inline(__always)
    mutating func improve(squares: Lanes, products: Lanes) {
        let scales = products / squares
        let gains = products * scales
        self.scales = csimd_where_less(self.gains, gains, scales, self.scales)
        self.squares = csimd_where_less(self.gains, gains, squares, self.squares)
        self.products = csimd_where_less(self.gains, gains, products, self.products)
        self.gains = csimd_where_less(self.gains, gains, gains, self.gains)
    }
}

extension ScaleSearch {
    /// For all parts the codes, and with them the scale of either sign, of the least weighted squared error, to within the search's steps.
    @inline(__always)
    func bestFits(_ columns: ElementColumns, steps: Int) -> ScaleFits {
        let (least, greatest) = columns.extremes
        let (low, high) = (csimd_minimum(least, Lanes()), csimd_maximum(greatest, Lanes()))
        let upright = csimd_maximum(high / grid.highest, low / grid.lowest)
        let reversed = csimd_maximum(high / -grid.lowest, low / -grid.highest)
        var best = ScaleFits()
        addFits(columns, 1 / upright, steps, &best)
        if !grid.isSymmetric { addFits(columns, -1 / reversed, steps, &best) }
        return best
    }

    @inline(__always)
    private func addFits(_ columns: ElementColumns, _ inverses: Lanes, _ steps: Int, _ best: inout ScaleFits) {
        let stride = (multiples[15] - multiples[0]) / Float(steps - 1)
        for step in 0..<steps {
            let multiple: Float = multiples[0] + stride * Float(step)
            let inverses = inverses * multiple
            var products = Lanes()
            var squares = Lanes()
            for index in 0..<16 {
                let values = columns.values(index)
                let levels = grid.nearest(inverses * values)
                let weighted = levels * columns.weights(index)
                products = csimd_multiply_add(weighted, values, products)
                squares = csimd_multiply_add(weighted, levels, squares)
            }
            best.improve(squares: columns.total(squares), products: columns.total(products))
        }
    }
}

extension CodeGrid {
    /// The weighted squared error that a scale leaves on each part.
    @inline(__always)
    func errors(_ columns: ElementColumns, scales: Lanes) -> Lanes {
        let inverses = 1 / scales
        var errors = Lanes()
        for index in 0..<16 {
            let values = columns.values(index)
            let rest = csimd_multiply_subtract(nearest(values * inverses), scales, values)
            errors = csimd_multiply_add(rest * columns.weights(index), rest, errors)
        }
        return columns.total(errors)
    }
}
