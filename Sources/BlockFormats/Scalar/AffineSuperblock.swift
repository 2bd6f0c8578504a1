import CSIMD

/// A format whose super-block of 256 elements has two half-precision factors, and for each of its parts two small whole numbers
/// that the factors turn into the part's scale and minimum.
protocol AffineSuperblockCodec: ScalarCodec {
    static var superblock: AffineSuperblock { get }

    /// Stores the parts' whole numbers.
    static func storeMultiples(_ room: AffineSuperblock.Room, into block: UnsafeMutableRawPointer)
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

/// The search for the scales of a super-block of 256 elements whose parts have a scale and a minimum each, kept as small whole numbers that
/// two half-precision factors turn into scales and minima.
struct AffineSuperblock {
    let search: AffineSearch
    /// Elements that share a scale and a minimum.
    let partLength: Int
    /// The greatest whole number that a scale or a minimum can be.
    let highestMultiple: Float
    /// How many factors to start from in each dimension, the first being that of the greatest scale or minimum.
    let starts: Int

    var partCount: Int { 256 / partLength }

    /// The scales of one super-block, and the working memory of the search for them.
    struct Room {
        /// The factors, in units of the prepared elements.
        var factor: Float = 0
        var minimumFactor: Float = 0
        let scales: UnsafeMutablePointer<Int32>
        let minima: UnsafeMutablePointer<Int32>
        fileprivate let trialScales: UnsafeMutablePointer<Int32>
        fileprivate let trialMinima: UnsafeMutablePointer<Int32>
        fileprivate let fittedScales: UnsafeMutablePointer<Float>
        fileprivate let fittedMinima: UnsafeMutablePointer<Float>

        /// - Parameters:
        ///   - floats: Room for 96 floats.
        fileprivate init(_ floats: UnsafeMutablePointer<Float>) {
            fittedScales = floats
            fittedMinima = floats + 16
            let integers = UnsafeMutableRawPointer(floats + 32).bindMemory(to: Int32.self, capacity: 64)
            scales = integers
            minima = integers + 16
            trialScales = integers + 32
            trialMinima = integers + 48
        }
    }

    /// Chooses the factors and every part's scale and minimum.
    ///
    /// - Parameters:
    ///   - work: Room for 96 floats, in which the result lies.
    func chooseScales(_ elements: PreparedElements, work: UnsafeMutablePointer<Float>) -> Room {
        var room = Room(work)
        var greatestScale: Float = 0
        var greatestMinimum: Float = 0
        for part in 0..<partCount {
            let fit = search.bestFit(
                elements.values + part &* partLength, elements.weights + part &* partLength, count: partLength)
            room.fittedScales[part] = fit.scale
            room.fittedMinima[part] = -fit.minimum
            greatestScale = max(greatestScale, fit.scale)
            greatestMinimum = max(greatestMinimum, -fit.minimum)
        }
        var least = Float.infinity
        for scaleStart in 0..<starts {
            for minimumStart in 0..<(greatestMinimum > 0 ? starts : 1) {
                tryFactors(
                    elements, elements.storable(greatestScale / (highestMultiple - Float(scaleStart))),
                    elements.storable(greatestMinimum / (highestMultiple - Float(minimumStart))), &least, &room)
            }
        }
        for _ in 0..<2 {
            let refined = refittedFactors(elements, room)
            tryFactors(elements, elements.storable(refined.0), elements.storable(refined.1), &least, &room)
        }
        return room
    }

    /// Chooses the parts' scales and minima under given factors, and keeps them if the error is less than any before.
    private func tryFactors(
        _ elements: PreparedElements, _ factor: Float, _ minimumFactor: Float, _ least: inout Float, _ room: inout Room
    ) {
        let scaleSteps = Lanes(-1, -1, -1, -1, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2)
        let minimumSteps = Lanes(-1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2, -1, 0, 1, 2)
        let limit = Lanes(repeating: highestMultiple)
        var error: Float = 0
        for part in 0..<partCount {
            let scale = factor > 0 ? (room.fittedScales[part] / factor).rounded(.down) : 0
            let minimum = minimumFactor > 0 ? (room.fittedMinima[part] / minimumFactor).rounded(.down) : 0
            let scales = csimd_minimum(csimd_maximum(scaleSteps + scale, Lanes()), limit)
            let minima = csimd_minimum(csimd_maximum(minimumSteps + minimum, Lanes()), limit)
            let errors = search.errors(
                elements.values + part &* partLength, elements.weights + part &* partLength, count: partLength,
                scales: scales * factor, minima: minima * -minimumFactor)
            let lane = errors.indexOfLeast
            error += errors[lane]
            // Errors only add up.
            guard error < least else { return }
            room.trialScales[part] = Int32(scales[lane])
            room.trialMinima[part] = Int32(minima[lane])
        }
        least = error
        room.factor = factor
        room.minimumFactor = minimumFactor
        room.scales.update(from: room.trialScales, count: partCount)
        room.minima.update(from: room.trialMinima, count: partCount)
    }

    /// The factors that fit best when scales, minima and codes stay as they are.
    private func refittedFactors(_ elements: PreparedElements, _ room: Room) -> (Float, Float) {
        var levelSquares: Float = 0
        var crossed: Float = 0
        var minimumSquares: Float = 0
        var levelProducts: Float = 0
        var minimumProducts: Float = 0
        for part in 0..<partCount {
            let scale = Float(room.scales[part])
            let minimum = Float(room.minima[part])
            let inverse = scale > 0 ? 1 / (room.factor * scale) : 0
            var sums = (codes: Lanes(), squares: Lanes(), products: Lanes(), weights: Lanes(), values: Lanes())
            for start in stride(from: part &* partLength, to: (part &+ 1) &* partLength, by: 16) {
                let weight = elements.weights.lanes(start)
                let value = elements.values.lanes(start)
                let code = search.nearest((value + room.minimumFactor * minimum) * inverse)
                let weighted = code * weight
                sums.codes += weighted
                sums.squares = csimd_multiply_add(weighted, code, sums.squares)
                sums.products = csimd_multiply_add(weighted, value, sums.products)
                sums.weights += weight
                sums.values = csimd_multiply_add(weight, value, sums.values)
            }
            levelSquares += scale * scale * csimd_sum(sums.squares)
            crossed += scale * minimum * csimd_sum(sums.codes)
            minimumSquares += minimum * minimum * csimd_sum(sums.weights)
            levelProducts += scale * csimd_sum(sums.products)
            minimumProducts += minimum * csimd_sum(sums.values)
        }
        let determinant = levelSquares * minimumSquares - crossed * crossed
        if determinant > 1e-6 * levelSquares * minimumSquares {
            let factor = (levelProducts * minimumSquares - minimumProducts * crossed) / determinant
            let minimumFactor = (levelProducts * crossed - minimumProducts * levelSquares) / determinant
            if factor > 0, minimumFactor >= 0 { return (factor, minimumFactor) }
        } else if minimumSquares == 0, levelSquares > 0 {
            return (max(levelProducts / levelSquares, 0), 0)
        }
        return (room.factor, room.minimumFactor)
    }
}
