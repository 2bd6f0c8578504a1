import CSIMD

/// A format whose super-block of 256 elements has a half-precision factor, and for each of its parts a small whole number that
/// the factor turns into the part's scale.
protocol ScaledSuperblockCodec: ScalarCodec {
    static var superblock: ScaledSuperblock<Grid> { get }

    /// A part's whole number.
    static func multiple(_ block: UnsafeRawPointer, _ part: Int) -> Int32
    /// Stores the parts' whole numbers.
    static func storeMultiples(_ multiples: UnsafePointer<Int32>, into block: UnsafeMutableRawPointer)
}

extension ScaledSuperblockCodec {
    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float {
        block.half(factorOffset ?? 0) * Float(multiple(block, part))
    }

    private static func multiple(_ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep) -> Int32? {
        let moved = multiple(block, part) &+ Int32(truncatingIfNeeded: step.scale)
        let range = Int32(superblock.lowestMultiple)...Int32(superblock.highestMultiple)
        return step.offset == 0 && range ~= moved ? moved : nil
    }

    static func scale(
        _ block: UnsafeRawPointer, _ part: Int, movedBy step: ScaleStep
    ) -> (scale: Float, minimum: Float?)? {
        multiple(block, part, movedBy: step).map { (block.half(factorOffset ?? 0) * Float($0), nil) }
    }

    func moveScale(ofPart part: Int, by step: ScaleStep, in block: UnsafeMutableRawPointer) -> Bool {
        guard let moved = Self.multiple(block, part, movedBy: step) else { return false }
        var multiples = SIMD16<Int32>()
        for index in 0..<Self.partCount { multiples[index] = index == part ? moved : Self.multiple(block, index) }
        withUnsafeBytes(of: multiples) { bytes in
            Self.storeMultiples(bytes.assumingMemoryBound(to: Int32.self).baseAddress!, into: block)
        }
        return true
    }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let scales = Self.superblock.chooseScales(elements, work: room)
        block.storeHalf(scales.factor * elements.unit, Self.factorOffset ?? 0)
        withUnsafeBytes(of: scales.multiples) { bytes in
            Self.storeMultiples(bytes.assumingMemoryBound(to: Int32.self).baseAddress!, into: block)
        }
    }
}

/// The search for the scales of such a super-block.
struct ScaledSuperblock<Grid: CodeGrid>: Sendable {
    let search: ScaleSearch<Grid>
    /// How many scales of either sign are tried for a part.
    let steps: Int
    /// Elements that share a scale.
    let partLength: Int
    let lowestMultiple: Float
    let highestMultiple: Float
    /// How far a part's multiple may be from the nearest to the scale that fits it, and from itself when the factor is refined.
    let reach: Float
    let refinedReach: Float

    /// The factor of one super-block, in units of the prepared elements, and its parts' multiples of it.
    struct Scales {
        var factor: Float = 0
        var multiples = SIMD16<Int32>()
    }

    /// What one factor comes to.
    private struct Trial {
        var factor: Float = 0
        var multiples = Lanes()
        var error = Float.infinity
    }

    /// Chooses the factor and every part's multiple of it.
    ///
    /// - Parameters:
    ///   - work: Room for 512 floats.
    @inline(__always)
    func chooseScales(_ elements: PreparedElements, work: UnsafeMutablePointer<Float>) -> Scales {
        let columns = ElementColumns(
            values: elements.values, weights: elements.weights, partLength: partLength, work: work)
        let fits = search.bestFits(columns, steps: steps)
        let factors = elements.storable(firstFactors(fits))
        let first = factors[boundedErrors(fits, factors).indexOfLeast]
        var best = Trial()
        tryFactor(columns, first, around: csimd_round(fits.scales / first), reach, &best)
        for _ in 0..<2 {
            let refined = elements.storable(refittedFactor(columns, best))
            tryFactor(columns, refined, around: best.multiples, refinedReach, &best)
        }
        return Scales(factor: best.factor, multiples: csimd_to_integers(best.multiples))
    }

    /// Factors to start from: the part with the greatest scale gets the lowest multiple, then the highest, its opposite, the
    /// one below it, and so on.
    @inline(__always)
    private func firstFactors(_ fits: ScaleFits) -> Lanes {
        let magnitudes = csimd_maximum(fits.scales, Lanes() - fits.scales)
        let greatest = fits.scales[(Lanes() - magnitudes).indexOfLeast]
        let high = Lanes(repeating: highestMultiple) - Lanes(0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7)
        var multiples = high * Lanes(1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1)
        multiples[0] = lowestMultiple
        return greatest / multiples
    }

    /// The errors that the fits' codes leave with each of sixteen factors, less the same sum: more than the best codes do.
    @inline(__always)
    private func boundedErrors(_ fits: ScaleFits, _ factors: Lanes) -> Lanes {
        var errors = Lanes()
        for lane in 0..<16 {
            let scales = clamped(csimd_round(fits.scales / factors[lane])) * factors[lane]
            errors[lane] = csimd_sum((scales * fits.squares - fits.products * 2) * scales)
        }
        return errors
    }

    @inline(__always)
    private func clamped(_ multiples: Lanes) -> Lanes {
        csimd_minimum(
            csimd_maximum(multiples, Lanes(repeating: lowestMultiple)), Lanes(repeating: highestMultiple))
    }

    /// Chooses the multiples under a given factor, and keeps them if the error is less than any before.
    @inline(__always)
    private func tryFactor(
        _ columns: ElementColumns, _ factor: Float, around centers: Lanes, _ reach: Float, _ best: inout Trial
    ) {
        guard factor != 0 else { return }
        var least = Lanes(repeating: .infinity)
        var chosen = Lanes()
        var distance = -reach
        while distance <= reach {
            let multiples = clamped(centers + distance)
            let errors = search.grid.errors(columns, scales: multiples * factor)
            chosen = csimd_where_less(errors, least, multiples, chosen)
            least = csimd_minimum(errors, least)
            distance += 1
        }
        let error = csimd_sum(least)
        if error < best.error { best = Trial(factor: factor, multiples: chosen, error: error) }
    }

    /// The factor that fits best when multiples and codes stay as they are.
    @inline(__always)
    private func refittedFactor(_ columns: ElementColumns, _ trial: Trial) -> Float {
        let inverses = 1 / (trial.multiples * trial.factor)
        var squares = Lanes()
        var products = Lanes()
        for index in 0..<16 {
            let values = columns.values(index)
            let levels = search.grid.nearest(values * inverses)
            let weighted = levels * columns.weights(index)
            squares = csimd_multiply_add(weighted, levels, squares)
            products = csimd_multiply_add(weighted, values, products)
        }
        let square = csimd_sum(trial.multiples * trial.multiples * squares)
        return square > 0 ? csimd_sum(trial.multiples * products) / square : trial.factor
    }
}
