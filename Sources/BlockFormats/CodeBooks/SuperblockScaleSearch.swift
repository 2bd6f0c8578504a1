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
    /// Scales to try first for a part, in units of its mean magnitude, and how many.
    let trialScales: Lanes
    let trialCount: Int

    /// Places for the words found under the first scales, and under a choice and its neighbours.
    var slotCount: Int { trialCount + 3 }

    @inline(__always)
    func groups(ofPart part: Int) -> Range<Int> {
        let count = 32 / partCount
        return count &* part..<count &* part &+ count
    }

    /// The kind of code words that a choice means.
    @inline(__always)
    func kind(_ choice: Int) -> Int { kindCount == 2 ? choice >> 3 : 0 }

    /// A choice and its neighbours of the same kind.
    @inline(__always)
    func neighbours(_ choice: Int) -> ClosedRange<Int> {
        let first = kindCount == 2 ? choice & 8 : 0
        let last = kindCount == 2 ? choice | 7 : 15
        return max(first, choice &- 1)...min(last, choice &+ 1)
    }
}

extension SuperblockLayout {
    /// The layout of the IQ2 formats.
    init(magnitudePartCount partCount: Int) {
        self.init(
            partCount: partCount, multiples: (Lanes.ramp + 0.5) * 0.25, multipleCount: 16, kindCount: 1,
            trialScales: .geometric(0.028, 1.3), trialCount: 6)
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

    /// The exactly best code word of a group under a scale.
    func bestWord(group: Int, scale: Float, kind: Int) -> FoundWord

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
        var greatest: Float = 0
        for part in 0..<layout.partCount {
            for group in layout.groups(ofPart: part) { prepare(group: group) }
            greatest = max(greatest, tryScales(part: part))
        }
        let coarse = bestScales(from: greatest * 0.9 / layout.multiples[15], ratio: 1.05, steps: 16)
        return bestScales(from: tryNeighbours(coarse) * 0.95, ratio: 1.015, steps: 8)
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

    /// Finds the best code words of a part under some scales, and returns the scale that fits the best of them.
    private func tryScales(part: Int) -> Float {
        let size = meanMagnitude(part: part)
        var best: (scale: Float, gain: Float) = (0, 0)
        for kind in 0..<layout.kindCount {
            for trial in 0..<layout.trialCount {
                let error = bestWords(part: part, scale: size * layout.trialScales[trial], kind: kind)
                store(error, part: part, kind: kind, slot: trial)
                let gain = error.b > 0 && error.a > 0 ? error.b * (error.b / error.a) : 0
                if gain > best.gain { best = (error.b / error.a, gain) }
                // The neighbours' slots stay empty until they are tried, and in the kind that they are not tried in.
                guard trial == 0 else { continue }
                for slot in layout.trialCount..<layout.slotCount { store(error, part: part, kind: kind, slot: slot) }
            }
        }
        return best.scale
    }

    @inline(__always)
    private func store(_ error: QuadraticError, part: Int, kind: Int, slot: Int) {
        let place = 16 &* part &+ 8 &* kind &+ slot
        room.trialSquares[place] = error.a
        room.trialProducts[place] = error.b
    }

    /// The mean magnitude by weight: what a scale of about the right size is measured by.
    private func meanMagnitude(part: Int) -> Float {
        let length = 256 / layout.partCount
        var products = Lanes()
        var weights = Lanes()
        for start in stride(from: length &* part, to: length &* (part &+ 1), by: 16) {
            let lanes = room.values.lanes(start)
            products = csimd_multiply_add(csimd_maximum(lanes, -lanes), room.weights.lanes(start), products)
            weights += room.weights.lanes(start)
        }
        return csimd_sum(products) / csimd_sum(weights)
    }

    /// a and b of a part's best code words under a scale.
    @inline(__always)
    private func bestWords(part: Int, scale: Float, kind: Int) -> QuadraticError {
        var error = QuadraticError()
        for group in layout.groups(ofPart: part) {
            let added = bestWord(group: group, scale: scale, kind: kind).error
            error.a += added.a
            error.b += added.b
        }
        return error
    }

    /// Finds the best code words of every part under its choice and the neighbouring ones, and returns the scale of the
    /// super-block that fits the best of them.
    private func tryNeighbours(_ scales: SuperblockScales) -> Float {
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<layout.partCount {
            var least = Float.infinity
            var chosen = (square: Float(0), product: Float(0))
            var slot = layout.trialCount
            for choice in layout.neighbours(Int(scales.choices[part])) {
                let multiple = layout.multiples[choice]
                let scale = scales.factor * multiple
                let error = bestWords(part: part, scale: scale, kind: layout.kind(choice))
                store(error, part: part, kind: layout.kind(choice), slot: slot)
                slot &+= 1
                let cost = (scale * error.a - 2 * error.b) * scale
                if cost < least {
                    least = cost
                    chosen = (multiple * multiple * error.a, multiple * error.b)
                }
            }
            squares += chosen.square
            products += chosen.product
        }
        return squares > 0 && products > 0 ? products / squares : scales.factor
    }
}
