import CSIMD

/// The search for scale and minimum of a block whose elements are scale · code + minimum, codes from 0 to `highest`.
///
/// Sixteen pairs of scale and minimum are tried at a time, one per lane.
struct AffineSearch {
    let highest: Float
    /// Whether the format can only lower its elements by the minimum, not raise them.
    let minimumIsNeverPositive: Bool
    /// How far to clip the range at its low and its high end at first, in parts of it.
    let lowClips: Lanes
    let highClips: Lanes
    /// How many of these lanes there are.
    let rangeCount: Int

    /// - Parameters:
    ///   - clips: Up to four parts of the range to clip at either end.
    init(highest: Float, minimumIsNeverPositive: Bool, clips: [Float]) {
        self.highest = highest
        self.minimumIsNeverPositive = minimumIsNeverPositive
        rangeCount = clips.count * clips.count
        var low = Lanes()
        var high = Lanes()
        for lane in 0..<rangeCount {
            low[lane] = clips[lane / clips.count]
            high[lane] = clips[lane % clips.count]
        }
        lowClips = low
        highClips = high
    }

    struct Fit {
        var scale: Float
        var minimum: Float
    }

    /// The code nearest to each lane.
    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes {
        csimd_minimum(csimd_maximum(csimd_round(lanes), Lanes()), Lanes(repeating: highest))
    }

    /// The least weighted squared error found by refining sixteen ranges: codes for scale and minimum, then scale and minimum
    /// for the codes, three times over.
    @inline(__always)
    func bestFit(_ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int) -> Fit {
        var least = values.lanes(0)
        var greatest = least
        var weightSums = Lanes()
        var valueSums = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = values.lanes(start)
            least = csimd_minimum(least, lanes)
            greatest = csimd_maximum(greatest, lanes)
            weightSums += weights.lanes(start)
            valueSums = csimd_multiply_add(weights.lanes(start), lanes, valueSums)
        }
        let weightSum = csimd_sum(weightSums)
        let valueSum = csimd_sum(valueSums)
        var low = csimd_least(least)
        if minimumIsNeverPositive { low = min(low, 0) }
        let range = -csimd_least(-greatest) - low
        guard range > 0 else { return Fit(scale: 0, minimum: low) }

        var minima = lowClips * range + low
        if minimumIsNeverPositive { minima = csimd_minimum(minima, Lanes()) }
        var scales = (Lanes(repeating: low + range) - highClips * range - minima) / highest
        var gains = Lanes()
        for _ in 0..<3 {
            let inverses = 1 / scales
            let offsets = -minima * inverses
            var codeSums = Lanes()
            var products = Lanes()
            var squares = Lanes()
            for index in 0..<count {
                let value = Lanes(repeating: values[index])
                let code = nearest(csimd_multiply_add(value, inverses, offsets))
                let weighted = code * weights[index]
                codeSums += weighted
                products = csimd_multiply_add(weighted, value, products)
                squares = csimd_multiply_add(weighted, code, squares)
            }
            (scales, minima) = leastSquares(
                weightSum: Lanes(repeating: weightSum), valueSum: Lanes(repeating: valueSum), codeSums: codeSums,
                products: products, squares: squares, previous: scales)
            let crossed = csimd_multiply_add(minima, codeSums, -products) * scales * 2
            gains =
                -(scales * scales * squares + crossed + minima * (minima * weightSum - Lanes(repeating: 2 * valueSum)))
        }
        let lane = (-gains).indexOfLeast
        return Fit(scale: scales[lane], minimum: minima[lane])
    }

    /// Scale and minimum that fit given codes best.
    @inline(__always)
    func leastSquares(
        weightSum: Lanes, valueSum: Lanes, codeSums: Lanes, products: Lanes, squares: Lanes, previous: Lanes
    ) -> (scales: Lanes, minima: Lanes) {
        let determinants = squares * weightSum - codeSums * codeSums
        let isSingular = determinants .<= squares * weightSum * 1e-6
        var scales = (products * weightSum - codeSums * valueSum) / determinants
        scales.replace(with: previous, where: isSingular .| (scales .<= 0))
        var minima = (valueSum - scales * codeSums) / weightSum
        if minimumIsNeverPositive {
            let isPositive = minima .> 0
            minima.replace(with: 0, where: isPositive)
            scales.replace(with: products / squares, where: isPositive .& (squares .> 0) .& (products .> 0))
        }
        return (scales, minima)
    }

    /// The weighted squared error that each of sixteen pairs leaves.
    @inline(__always)
    func errors(
        _ values: UnsafePointer<Float>, _ weights: UnsafePointer<Float>, count: Int, scales: Lanes, minima: Lanes
    ) -> Lanes {
        let inverses = 1 / scales
        var errors = Lanes()
        for index in 0..<count {
            let value = Lanes(repeating: values[index]) - minima
            let rest = csimd_multiply_subtract(nearest(value * inverses), scales, value)
            errors = csimd_multiply_add(rest * weights[index], rest, errors)
        }
        return errors
    }
}
