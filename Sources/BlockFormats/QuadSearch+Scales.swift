import CSIMD

extension QuadSearch {
    /// The scale of a super-block and the scale codes of its parts.
    struct Scales {
        var factor: Float
        var codes = SIMD8<Int32>()
    }

    /// The scales to try first for a part, in units of the least scale that covers all its elements.
    private static let firstScales: Lanes = {
        var scales = Lanes()
        var scale: Float = 0.56
        for lane in 0..<16 {
            scales[lane] = scale
            scale *= 1.066
        }
        return scales
    }()

    /// The scale codes' multiples of the super-block's scale.
    private static let multiples = Lanes.ramp * 2 + 1

    /// Chooses the super-block's scale together with the scale codes of all parts.
    func chooseScales() -> Scales {
        var greatest: Float = 0
        for part in 0..<8 { greatest = max(greatest, tryScales(part: part)) }
        // The errors under the words found so far bound the error under any scale from above: with them many scales of
        // the super-block are tried at the price of a few additions.
        var best = Scales(factor: 0)
        var least = Float.infinity
        var factor = greatest * 0.9 / Self.multiples[15]
        for _ in 0..<32 {
            var codes = SIMD8<Int32>()
            var total: Float = 0
            let scales = Self.multiples * factor
            for part in 0..<8 {
                var errors = Lanes(repeating: .infinity)
                for trial in 16 &* part..<16 &* part &+ 16 {
                    errors = csimd_minimum(errors, (scales * trialSquares[trial] - trialProducts[trial]) * scales)
                }
                let code = errors.indexOfLeast
                codes[part] = Int32(truncatingIfNeeded: code)
                total += errors[code]
            }
            if total < least {
                least = total
                best = Scales(factor: factor, codes: codes)
            }
            factor *= 1.03
        }
        for _ in 0..<2 { best = refined(best) }
        return best
    }

    /// Finds the best words of a part under many scales, and returns the scale that fits the best of them.
    private func tryScales(part: Int) -> Float {
        let scales = Self.firstScales * coveringScale(part: part)
        let (costs, squares) = leastErrors(part: part, scales: scales)
        trialSquares.store(squares, 16 &* part)
        let products = csimd_multiply_subtract(Lanes(repeating: 1), costs, squares * scales)
        trialProducts.store(products, 16 &* part)
        var gains = products * products / squares
        gains.replace(with: 0, where: squares .<= 0)
        let lane = (-gains).indexOfLeast
        return gains[lane] > 0 ? products[lane] / squares[lane] / 2 : 0
    }

    /// Chooses words and scale codes exactly, then the scale that fits them best.
    private func refined(_ scales: Scales) -> Scales {
        var result = scales
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            let trials = Self.multiples * scales.factor
            let least = leastErrors(part: part, scales: trials)
            let code = (least.costs * trials).indexOfLeast
            let multiple = Self.multiples[code]
            result.codes[part] = Int32(truncatingIfNeeded: code)
            squares += multiple * multiple * least.squares[code]
            products += multiple * (least.squares[code] * trials[code] - least.costs[code])
        }
        if squares > 0, products > 0 { result.factor = products / squares / 2 }
        return result
    }
}
