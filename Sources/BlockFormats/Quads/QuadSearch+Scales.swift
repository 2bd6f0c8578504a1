import CSIMD

extension QuadSearch {
    /// The scale of a super-block and the scale codes of its parts.
    struct Scales {
        var factor: Float
        var codes = SIMD8<Int32>()
    }

    /// The scale codes' multiples of the super-block's scale.
    private static let multiples = Lanes.ramp * 2 + 1

    /// Chooses the super-block's scale together with the scale codes of all parts.
    mutating func chooseScales() -> Scales {
        let greatest = findEnvelopes()
        // The lines that were lowest under the first scales bound the error under any scale from above: with them many scales of
        // the super-block are tried at the price of a few additions.
        var best = Scales(factor: 0)
        var least = Float.infinity
        var first = greatest * 0.9 / Self.multiples[15]
        for _ in 0..<2 {
            let factors = Lanes.geometric(first, 1.03)
            var totals = Lanes()
            for part in 0..<8 { totals += leastErrors(part: part, factors: factors) }
            let lane = totals.indexOfLeast
            if totals[lane] < least {
                least = totals[lane]
                best.factor = factors[lane]
            }
            first = factors[15] * 1.03
        }
        for _ in 0..<2 { best = refined(best) }
        return best
    }

    /// The least error of a part, under the lines of the first scales, with each of sixteen scales of the super-block.
    @inline(__always)
    private func leastErrors(part: Int, factors: Lanes) -> Lanes {
        let multiples = EvenMultiples(first: 1, step: 2, count: 16)
        let inverses = multiples.inverses(of: factors)
        var errors = Lanes(repeating: .infinity)
        for trial in 16 &* part..<16 &* part &+ 16 {
            errors = csimd_minimum(
                errors,
                multiples.leastErrors(
                    trialSlopes[trial], trialConstants[trial], factors: factors, inverses: inverses))
        }
        return errors
    }

    /// Chooses the scale codes by the least costs, then the scale that fits best.
    private func refined(_ scales: Scales) -> Scales {
        var result = scales
        var slope: Float = 0
        var constant: Float = 0
        let trials = Self.multiples * scales.factor
        for part in 0..<8 {
            let least = leastCosts(part: part, scales: trials)
            let code = (least.costs * trials).indexOfLeast
            let multiple = Self.multiples[code]
            result.codes[part] = Int32(truncatingIfNeeded: code)
            slope += multiple * multiple * least.slopes[code]
            constant += multiple * least.constants[code]
        }
        if slope > 0, constant < 0 { result.factor = constant / slope * -0.5 }
        return result
    }
}
