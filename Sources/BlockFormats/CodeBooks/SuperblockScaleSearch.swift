import CSIMD

/// Sums over some elements for code words chosen under some scale; the error of these words under a scale t is
/// t² a − 2 t b + constant.
struct QuadraticError {
    var a: Float = 0
    var b: Float = 0
}

/// How a code book format divides a super-block, and where its search for scales looks.
struct SuperblockLayout {
    /// Parts, of 32 or 16 elements, that have a scale code of their own.
    let partCount: Int
    /// What a part has to choose from, one choice per lane: a multiple of the super-block's scale. Lanes to spare repeat
    /// the last.
    let multiples: Lanes
    /// How many of them, evenly spaced, are different.
    let multipleCount: Int
    /// 2 if the choices from lane 8 on are those of the lanes before with another kind of code words, otherwise 1.
    let kindCount: Int
    /// The search for about the right scales of the parts.
    let scan: LevelScan
    /// The scales of a part that its code words are found under, in units of the scan's, and how many.
    let trialScales: Lanes
    let trialCount: Int
    /// Whether these code words are the best of all, and not just the best with the best first or the best second half.
    let areTrialsExact: Bool

    /// Places for the words found under these scales and under a choice.
    var slotCount: Int { trialCount + 1 }

    @inline(__always)
    func groups(ofPart part: Int) -> Range<Int> {
        let count = 32 / partCount
        return count &* part..<count &* part &+ count
    }

    /// The kind of code words that a choice means.
    @inline(__always)
    func kind(_ choice: Int) -> Int { kindCount == 2 ? choice >> 3 : 0 }
}

extension SuperblockLayout {
    /// The layout of the IQ2 formats.
    ///
    /// - Parameters:
    ///   - trialScales: The scales of a part that its code words are found under, in units of the scan's.
    init(magnitudePartCount partCount: Int, trialScales: [Float]) {
        self.init(
            partCount: partCount, multiples: (Lanes.ramp + 0.5) * 0.25, multipleCount: 16, kindCount: 1,
            scan: LevelScan(
                levels: IQ2XXSCodec.magnitudes, areMagnitudes: true, scales: .geometric(0.02, 1.25), count: 10),
            trialScales: Lanes(padding: trialScales), trialCount: trialScales.count, areTrialsExact: true)
    }
}

/// The scale of a super-block and the choices of its parts.
struct SuperblockScales {
    var factor: Float
    var choices = SIMD16<Int32>()
}

/// The search for the best code words of the groups of a super-block.
protocol CodeWordSearch {
    /// Floats of working memory beside what all searches share.
    static var momentCount: Int { get }

    var layout: SuperblockLayout { get }
    var room: SuperblockRoom { get }

    /// Makes a group ready for ``bestWord(group:scale:kind:)``, once its values and weights are in the room.
    func prepare(group: Int)

    /// The best code word of a group under a scale, exactly or as good as.
    func bestWord(group: Int, scale: Float, kind: Int, isExact: Bool) -> FoundWord

    /// The signs to store with a word.
    func signs(_ found: FoundWord, group: Int) -> UInt32
}

/// A code word and the error that it leaves on its group.
struct FoundWord {
    var index: Int
    /// Whether it is meant with a negative shift, where every group has its own.
    var isShiftNegative = false
    var error: QuadraticError
}

extension CodeWordSearch {
    /// Chooses the super-block's scale together with the choices of all parts.
    func chooseScales() -> SuperblockScales {
        let columns = ElementColumns(
            values: room.values, weights: room.weights, partLength: 256 / layout.partCount, work: room.columns)
        let scanned = scan(columns)
        var greatest: Float = 0
        for part in 0..<layout.partCount {
            for group in layout.groups(ofPart: part) { prepare(group: group) }
            let scale = tryScales(part: part, around: scanned.scales[part], kind: Int(scanned.kinds[part]))
            greatest = max(greatest, scale)
        }
        let coarse = bestScales(from: greatest * 0.9 / layout.multiples[15], ratio: 1.05, steps: 16)
        return bestScales(from: tryChoices(coarse) * 0.95, ratio: 1.015, steps: 8)
    }

    /// About the right scale of each part, and the better kind of code words.
    @inline(__always)
    private func scan(_ columns: ElementColumns) -> (scales: Lanes, kinds: Lanes) {
        guard layout.kindCount == 2 else { return (layout.scan.best(columns, shift: 0).scales, Lanes()) }
        let (first, second) = (layout.scan.best(columns, shift: 0.125), layout.scan.best(columns, shift: -0.125))
        return (
            csimd_where_less(first.gains, second.gains, second.scales, first.scales),
            csimd_where_less(first.gains, second.gains, Lanes(repeating: 1), Lanes())
        )
    }

    /// Of up to sixteen scales of the super-block the one that leaves the least error, as far as the words tried so far show
    /// it.
    ///
    /// The errors under these words bound the error under any scale from above: with them many scales of the super-block,
    /// one per lane, are tried at the price of a few additions.
    private func bestScales(from first: Float, ratio: Float, steps: Int) -> SuperblockScales {
        let factors = Lanes.geometric(first, ratio)
        var totals = Lanes()
        for part in 0..<layout.partCount { totals += leastErrors(part: part, factors: factors) }
        totals = csimd_select(1 << UInt32(steps) - 1, totals, Lanes(repeating: .infinity))
        let lane = totals.indexOfLeast
        guard totals[lane] < .infinity else { return SuperblockScales(factor: 0) }
        var best = SuperblockScales(factor: factors[lane])
        let scales = layout.multiples * factors[lane]
        for part in 0..<layout.partCount {
            var errors = Lanes(repeating: .infinity)
            for index in 0..<layout.slotCount {
                let (a, b) = trialMoments(part: part, slot: index)
                errors = csimd_minimum(errors, (scales * a - 2 * b) * scales)
            }
            best.choices[part] = Int32(truncatingIfNeeded: errors.indexOfLeast)
        }
        return best
    }

    /// The least error of a part, under words tried so far, with each of sixteen scales of the super-block.
    @inline(__always)
    private func leastErrors(part: Int, factors: Lanes) -> Lanes {
        let first = layout.multiples[0]
        let multiples = EvenMultiples(first: first, step: layout.multiples[1] - first, count: layout.multipleCount)
        let inverses = multiples.inverses(of: factors)
        var errors = Lanes(repeating: .infinity)
        for kind in 0..<layout.kindCount {
            for slot in 0..<layout.slotCount {
                let place = 16 &* part &+ 8 &* kind &+ slot
                errors = csimd_minimum(
                    errors,
                    multiples.leastErrors(
                        room.trialSquares[place], -2 * room.trialProducts[place], factors: factors, inverses: inverses))
            }
        }
        return errors
    }

    @inline(__always)
    private func trialMoments(part: Int, slot: Int) -> (a: Lanes, b: Lanes) {
        let place = 16 &* part &+ slot
        guard layout.kindCount == 2 else {
            return (Lanes(repeating: room.trialSquares[place]), Lanes(repeating: room.trialProducts[place]))
        }
        return (
            Lanes(
                lowHalf: SIMD8(repeating: room.trialSquares[place]),
                highHalf: SIMD8(repeating: room.trialSquares[place &+ 8])),
            Lanes(
                lowHalf: SIMD8(repeating: room.trialProducts[place]),
                highHalf: SIMD8(repeating: room.trialProducts[place &+ 8]))
        )
    }

    /// Finds good code words of a part under some scales, and returns the scale that fits the best of them.
    private func tryScales(part: Int, around scale: Float, kind: Int) -> Float {
        if layout.kindCount == 2 {
            for slot in 0..<layout.slotCount { store(QuadraticError(), part: part, kind: 1 &- kind, slot: slot) }
        }
        var best: (scale: Float, gain: Float) = (0, 0)
        for trial in 0..<layout.trialCount {
            let error = words(part: part, scale: scale * layout.trialScales[trial], kind: kind)
            let gain = error.b > 0 && error.a > 0 ? error.b * (error.b / error.a) : 0
            if gain > best.gain { best = (error.b / error.a, gain) }
            store(error, part: part, kind: kind, slot: trial)
            // The last slot is the choice's, and holds nothing else until there is one.
            store(error, part: part, kind: kind, slot: layout.trialCount)
        }
        return best.scale
    }

    @inline(__always)
    private func store(_ error: QuadraticError, part: Int, kind: Int, slot: Int) {
        let place = 16 &* part &+ 8 &* kind &+ slot
        room.trialSquares[place] = error.a
        room.trialProducts[place] = error.b
    }

    /// a and b of good code words of a part under a scale.
    @inline(__always)
    private func words(part: Int, scale: Float, kind: Int) -> QuadraticError {
        var error = QuadraticError()
        for group in layout.groups(ofPart: part) {
            let added = bestWord(group: group, scale: scale, kind: kind, isExact: layout.areTrialsExact).error
            error.a += added.a
            error.b += added.b
        }
        return error
    }

    /// Finds good code words of every part under its choice, and returns the scale of the super-block that fits them best.
    private func tryChoices(_ scales: SuperblockScales) -> Float {
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<layout.partCount {
            let choice = Int(scales.choices[part])
            let multiple = layout.multiples[choice]
            let error = words(part: part, scale: scales.factor * multiple, kind: layout.kind(choice))
            store(error, part: part, kind: layout.kind(choice), slot: layout.trialCount)
            squares += multiple * multiple * error.a
            products += multiple * error.b
        }
        return squares > 0 && products > 0 ? products / squares : scales.factor
    }
}
