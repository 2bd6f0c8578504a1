import CSIMD

/// The multiples of a super-block's scale that its parts have to choose from, evenly spaced.
struct EvenMultiples {
    let first: Float
    let step: Float
    let count: Int

    /// What scales are divided by their distances, for ``leastErrors(_:_:factors:inverses:)``.
    @inline(__always)
    func inverses(of factors: Lanes) -> Lanes { 1 / (factors * step) }

    /// The least value of a t² + c t over all multiples t of each of sixteen factors.
    ///
    /// A parabola is least at −c / 2 a, and so, of all multiples, at one of the two around that.
    @inline(__always)
    func leastErrors(_ a: Float, _ c: Float, factors: Lanes, inverses: Lanes) -> Lanes {
        // Rounding, less one half, is rounding down, or the one below at a whole number.
        let places = csimd_round(inverses * (c / a * -0.5) - (first / step + 0.5))
        let last = Lanes(repeating: Float(count &- 2))
        let low = csimd_minimum(csimd_maximum(places, Lanes()), last) * step + first
        let scales = low * factors
        let higherScales = (low + step) * factors
        return csimd_minimum((scales * a + c) * scales, (higherScales * a + c) * higherScales)
    }
}
