import CSIMD

/// Codes chosen for all parts of a super-block, one per lane: the sums that their error is made of, and the scales and minima
/// that fit them best.
struct AffineFits {
    var scales = Lanes()
    var minima = Lanes()
    /// Σ w c, Σ w c x and Σ w c² of the codes c.
    fileprivate(set) var codeSums = Lanes()
    fileprivate(set) var products = Lanes()
    fileprivate(set) var squares = Lanes()

    /// The error that the codes leave under any scales and minima, less Σ w x².
    @inline(__always)
    func errors(_ sums: ElementSums, scales: Lanes, minima: Lanes) -> Lanes {
        let crossed = csimd_multiply_add(minima, codeSums, Lanes() - products) * scales * 2
        return scales * scales * squares + crossed + minima * (minima * sums.weights - sums.values * 2)
    }
}

/// Σ w and Σ w x of the elements of all parts.
struct ElementSums {
    fileprivate(set) var weights = Lanes()
    fileprivate(set) var values = Lanes()

    @inline(__always)
    init(_ columns: ElementColumns) {
        for index in 0..<16 {
            weights += columns.weights(index)
            values = csimd_multiply_add(columns.weights(index), columns.values(index), values)
        }
        weights = columns.total(weights)
        values = columns.total(values)
    }
}

extension AffineSearch {
    /// For all parts the codes of the least error found by refining ranges of the elements: codes for scale and minimum, then
    /// scale and minimum for the codes.
    @inline(__always)
    func bestFits(_ columns: ElementColumns, _ sums: ElementSums) -> AffineFits {
        let extremes = columns.extremes
        let low = minimumIsNeverPositive ? csimd_minimum(extremes.least, Lanes()) : extremes.least
        let range = extremes.greatest - low
        var best = AffineFits()
        best.minima = low
        var least = Lanes(repeating: .infinity)
        @inline(__always)
        func add(_ scales: Lanes, _ minima: Lanes) {
            var fits = fits(columns, sums, scales: scales, minima: minima)
            fits = self.fits(columns, sums, scales: fits.scales, minima: fits.minima)
            let errors = fits.errors(sums, scales: fits.scales, minima: fits.minima)
            best.replace(with: fits, where: errors, areLessThan: least)
            least = csimd_where_less(errors, least, errors, least)
        }
        for candidate in 0..<rangeCount {
            var minima = range * lowClips[candidate] + low
            if minimumIsNeverPositive { minima = csimd_minimum(minima, Lanes()) }
            add((low + range - range * highClips[candidate] - minima) / highest, minima)
        }
        add(best.scales, best.minima)
        return best
    }

    /// The codes nearest to the elements, with the scales and minima that fit them best.
    @inline(__always)
    private func fits(_ columns: ElementColumns, _ sums: ElementSums, scales: Lanes, minima: Lanes) -> AffineFits {
        var fits = codes(columns, scales: scales, minima: minima)
        (fits.scales, fits.minima) = leastSquares(
            weightSum: sums.weights, valueSum: sums.values, codeSums: fits.codeSums, products: fits.products,
            squares: fits.squares, previous: scales)
        return fits
    }

    /// The codes nearest to the elements; a scale of zero makes all of them zero or the highest.
    @inline(__always)
    func codes(_ columns: ElementColumns, scales: Lanes, minima: Lanes) -> AffineFits {
        let inverses = 1 / scales
        let offsets = (Lanes() - minima) * inverses
        var fits = AffineFits()
        for index in 0..<16 {
            let values = columns.values(index)
            let codes = nearest(csimd_multiply_add(values, inverses, offsets))
            let weighted = codes * columns.weights(index)
            fits.codeSums += weighted
            fits.products = csimd_multiply_add(weighted, values, fits.products)
            fits.squares = csimd_multiply_add(weighted, codes, fits.squares)
        }
        fits.codeSums = columns.total(fits.codeSums)
        fits.products = columns.total(fits.products)
        fits.squares = columns.total(fits.squares)
        return fits
    }

    /// The weighted squared error that scales and minima leave on each part.
    @inline(__always)
    func errors(_ columns: ElementColumns, scales: Lanes, minima: Lanes) -> Lanes {
        let inverses = 1 / scales
        var errors = Lanes()
        for index in 0..<16 {
            let values = columns.values(index) - minima
            let rest = csimd_multiply_subtract(nearest(values * inverses), scales, values)
            errors = csimd_multiply_add(rest * columns.weights(index), rest, errors)
        }
        return columns.total(errors)
    }
}

extension AffineFits {
    @inline(__always)
    fileprivate mutating func replace(with fits: AffineFits, where errors: Lanes, areLessThan least: Lanes) {
        scales = csimd_where_less(errors, least, fits.scales, scales)
        minima = csimd_where_less(errors, least, fits.minima, minima)
        codeSums = csimd_where_less(errors, least, fits.codeSums, codeSums)
        products = csimd_where_less(errors, least, fits.products, products)
        squares = csimd_where_less(errors, least, fits.squares, squares)
    }
}
