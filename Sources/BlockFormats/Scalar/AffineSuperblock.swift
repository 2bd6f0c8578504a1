import CSIMD

/// A format whose super-block of 256 elements has two half-precision factors, and for each of its parts two small whole numbers
/// that the factors turn into the part's scale and minimum.
protocol AffineSuperblockCodec: ScalarCodec {
    static var superblock: AffineSuperblock { get }

    /// Stores the parts' whole numbers.
    static func storeMultiples(_ scales: AffineSuperblock.Scales, into block: UnsafeMutableRawPointer)
    /// The whole numbers of a part.
    static func multiples(_ block: UnsafeRawPointer, _ part: Int) -> (scale: Int, minimum: Int)
    /// Replaces the whole numbers of a part.
    static func setMultiples(_ scale: Int, _ minimum: Int, part: Int, in block: UnsafeMutableRawPointer)
}

extension AffineSuperblockCodec {
    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float {
        block.half(factorOffset ?? 0) * Float(multiples(block, part).scale)
    }

    @inline(__always)
    static func minimum(_ block: UnsafeRawPointer, _ part: Int) -> Float? {
        -(block.half(minimumFactorOffset ?? 0) * Float(multiples(block, part).minimum))
    }

    private static func multiples(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Int, minimum: Int)? {
        let old = multiples(block, part)
        let (scale, minimum) = (old.scale &+ step.scale, old.minimum &+ step.offset)
        let range = 0...Int(superblock.highestMultiple)
        return range ~= scale && range ~= minimum ? (scale, minimum) : nil
    }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        multiples(block, part, movedBy: step).map {
            (
                block.half(factorOffset ?? 0) * Float($0.scale),
                -(block.half(minimumFactorOffset ?? 0) * Float($0.minimum))
            )
        }
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let moved = Self.multiples(block, part, movedBy: step) else { return false }
        Self.setMultiples(moved.scale, moved.minimum, part: part, in: block)
        return true
    }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let scales = Self.superblock.chooseScales(elements, work: room)
        block.storeHalf(scales.factor * elements.unit, Self.factorOffset ?? 0)
        block.storeHalf(scales.minimumFactor * elements.unit, Self.minimumFactorOffset ?? 0)
        Self.storeMultiples(scales, into: block)
    }
}

/// The search for the scales of a super-block of 256 elements whose parts have a scale and a minimum each, kept as small whole
/// numbers that two half-precision factors turn into scales and minima.
struct AffineSuperblock {
    let search: AffineSearch
    /// Elements that share a scale and a minimum.
    let partLength: Int
    /// The greatest whole number that a scale or a minimum can be.
    let highestMultiple: Float
    /// How many pairs of factors are tried in full.
    let starts: Int

    /// The factors of one super-block, in units of the prepared elements, and its parts' whole numbers.
    struct Scales {
        var factor: Float = 0
        var minimumFactor: Float = 0
        var scales = SIMD16<Int32>()
        var minima = SIMD16<Int32>()
    }

    /// What two factors come to.
    private struct Trial {
        var factor: Float = 0
        var minimumFactor: Float = 0
        var scales = Lanes()
        var minima = Lanes()
        var error = Float.infinity
    }

    /// Chooses the factors and every part's scale and minimum.
    ///
    /// - Parameters:
    ///   - work: Room for 512 floats.
    func chooseScales(_ elements: PreparedElements, work: UnsafeMutablePointer<Float>) -> Scales {
        let columns = ElementColumns(
            values: elements.values, weights: elements.weights, partLength: partLength, work: work)
        let sums = ElementSums(columns)
        let fits = search.bestFits(columns, sums)
        let greatestScale = -csimd_least(Lanes() - fits.scales)
        let greatestMinimum = max(-csimd_least(fits.minima), 0)
        let factors = elements.storable(greatestScale / (Lanes(repeating: highestMultiple) - Self.scaleStarts))
        let minimumFactors = elements.storable(
            greatestMinimum / (Lanes(repeating: highestMultiple) - Self.minimumStarts))
        var errors = Lanes()
        for lane in 0..<16 { errors[lane] = boundedError(fits, sums, factors[lane], minimumFactors[lane]) }
        var best = Trial()
        for _ in 0..<starts {
            let lane = errors.indexOfLeast
            errors[lane] = .infinity
            let (factor, minimumFactor) = (factors[lane], minimumFactors[lane])
            tryFactors(
                columns, factor, minimumFactor, csimd_round(Self.places(fits.scales, factor)),
                csimd_round(Self.places(Lanes() - fits.minima, minimumFactor)), &best)
        }
        for _ in 0..<2 {
            let refined = refittedFactors(columns, sums, best)
            tryFactors(
                columns, elements.storable(refined.0), elements.storable(refined.1), best.scales, best.minima, &best)
        }
        return Scales(
            factor: best.factor, minimumFactor: best.minimumFactor, scales: csimd_to_integers(best.scales),
            minima: csimd_to_integers(best.minima))
    }

    /// The whole numbers below the greatest that the greatest scale and the greatest minimum are given at first.
    private static var scaleStarts: Lanes { Lanes(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3) }
    private static var minimumStarts: Lanes { Lanes(0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3) }

    /// How many times a factor goes into numbers.
    @inline(__always)
    private static func places(_ numbers: Lanes, _ factor: Float) -> Lanes {
        factor > 0 ? numbers / factor : Lanes()
    }

    @inline(__always)
    private func clamped(_ multiples: Lanes) -> Lanes {
        csimd_minimum(csimd_maximum(multiples, Lanes()), Lanes(repeating: highestMultiple))
    }

    /// The error that the fits' codes leave with two factors, less the same sum: more than the best codes do.
    @inline(__always)
    private func boundedError(
        _ fits: AffineFits, _ sums: ElementSums, _ factor: Float, _ minimumFactor: Float
    ) -> Float {
        let scale = csimd_round(Self.places(fits.scales, factor) - 0.5)
        let minimum = csimd_round(Self.places(Lanes() - fits.minima, minimumFactor) - 0.5)
        var errors = Lanes(repeating: .infinity)
        for corner in 0..<4 {
            let scales = clamped(scale + Float(corner & 1)) * factor
            let minima = clamped(minimum + Float(corner >> 1)) * -minimumFactor
            errors = csimd_minimum(fits.errors(sums, scales: scales, minima: minima), errors)
        }
        return csimd_sum(errors)
    }

    /// Chooses the parts' scales and minima under given factors, and keeps them if the error is less than any before.
    @inline(__always)
    private func tryFactors(
        _ columns: ElementColumns, _ factor: Float, _ minimumFactor: Float, _ scales: Lanes, _ minima: Lanes,
        _ best: inout Trial
    ) {
        var trial = Trial(factor: factor, minimumFactor: minimumFactor)
        var least = Lanes(repeating: .infinity)
        for scaleStep in -1...1 {
            let scales = clamped(scales + Float(scaleStep))
            for minimumStep in -1...1 {
                let minima = clamped(minima + Float(minimumStep))
                let errors = search.errors(columns, scales: scales * factor, minima: minima * -minimumFactor)
                trial.scales = csimd_where_less(errors, least, scales, trial.scales)
                trial.minima = csimd_where_less(errors, least, minima, trial.minima)
                least = csimd_minimum(errors, least)
            }
        }
        trial.error = csimd_sum(least)
        if trial.error < best.error { best = trial }
    }

    /// The factors that fit best when scales, minima and codes stay as they are.
    @inline(__always)
    private func refittedFactors(_ columns: ElementColumns, _ sums: ElementSums, _ trial: Trial) -> (Float, Float) {
        let fits = search.codes(
            columns, scales: trial.scales * trial.factor, minima: trial.minima * -trial.minimumFactor)
        let levelSquares = csimd_sum(trial.scales * trial.scales * fits.squares)
        let crossed = csimd_sum(trial.scales * trial.minima * fits.codeSums)
        let minimumSquares = csimd_sum(trial.minima * trial.minima * sums.weights)
        let levelProducts = csimd_sum(trial.scales * fits.products)
        let minimumProducts = csimd_sum(trial.minima * sums.values)
        let determinant = levelSquares * minimumSquares - crossed * crossed
        if determinant > 1e-6 * levelSquares * minimumSquares {
            let factor = (levelProducts * minimumSquares - minimumProducts * crossed) / determinant
            let minimumFactor = (levelProducts * crossed - minimumProducts * levelSquares) / determinant
            if factor > 0, minimumFactor >= 0 { return (factor, minimumFactor) }
        } else if minimumSquares == 0, levelSquares > 0 {
            return (max(levelProducts / levelSquares, 0), 0)
        }
        return (trial.factor, trial.minimumFactor)
    }
}
