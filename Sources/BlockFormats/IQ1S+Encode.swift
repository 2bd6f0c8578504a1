import CSIMD
import TensorCore

// How a super-block is encoded. Under a scale t and a shift δ a group of eight with code word g costs, up to a constant,
// Σ w (t² (g + δ)² − 2 t x (g + δ)): a sum over two halves of four elements, each of which has 81 possible values. The cost of
// all 162 half words takes a few vector operations; of the 81 · 81 pairs 2048 are in the code book. The best is found
// exactly by going through the first halves that can still beat the best pair known.

extension IQ1SCodec {
    /// The code word of a pair of half words, at 81 · first + second; −1 where the code book has none.
    private static let words: [Int16] = {
        var words = [Int16](repeating: -1, count: 81 * 81)
        for (word, packed) in packedGrid.enumerated() {
            let halves = [0, 8].map { shift in
                [27, 9, 3, 1].enumerated().reduce(0) { sum, digit in
                    sum + digit.element * (Int(packed >> UInt16(shift + 2 * (3 - digit.offset))) & 3)
                }
            }
            words[81 * halves[0] + halves[1]] = Int16(word)
        }
        return words
    }()

    /// Per half word, six times sixteen bits: the other halves that the code book has with it. First come the second
    /// halves for each first half, then the first halves for each second half.
    private static let partners: [UInt16] = [(81, 1), (1, 81)].flatMap { ownPlace, otherPlace in
        (0..<81).flatMap { own in
            (0..<6).map { vector in
                (0..<16).reduce(UInt16(0)) { mask, lane in
                    let other = 16 * vector + lane
                    let isPair = other < 81 && words[ownPlace * own + otherPlace * other] >= 0
                    return isPair ? mask | 1 << UInt16(lane) : mask
                }
            }
        }
    }

    /// Per vector of 16 half words, the value of each of the four elements; half words beyond 81 repeat the last.
    private static let halfValues: [Lanes] = (0..<6).flatMap { vector in
        [1, 3, 9, 27].map { place in
            var values = Lanes()
            for lane in 0..<16 { values[lane] = Float(min(16 * vector + lane, 80) / place % 3 - 1) }
            return values
        }
    }

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let floats = scratch.floats(Room.floatCount)
        Self.halfValues.withUnsafeBufferPointer { halfValues in
            Self.partners.withUnsafeBufferPointer { partners in
                Self.words.withUnsafeBufferPointer { words in
                    let room = Room(
                        floats: floats, halfValues: halfValues.baseAddress!, partners: partners.baseAddress!,
                        words: words.baseAddress!)
                    for index in 0..<count / 256 {
                        let block = target + index &* 50
                        let offset = index &* 256
                        if let elements = PreparedElements(
                            row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy,
                            values: room.values,
                            weights: room.weights)
                        {
                            room.computeMoments()
                            Self.store(Self.chooseScales(room), elements, room, into: block)
                            restoreGain(
                                block, scaleAt: 0, elements, decoded: room.decoded)
                        } else {
                            block.initializeMemory(as: UInt8.self, repeating: 0, count: 50)
                        }
                    }
                }
            }
        }
    }

    /// The scale of a super-block, and of its parts the scale codes and the signs of the shifts.
    private struct Scales {
        var factor: Float
        var codes = SIMD8<Int32>()
        var isShiftNegative = SIMD8<Int32>()
    }

    /// Working memory of one super-block, and the search for code words in it.
    private struct Room {
        static let floatCount = 512 + 64 * 288 + 64 + 256 + 256

        let values: UnsafeMutablePointer<Float>
        let weights: UnsafeMutablePointer<Float>
        /// Per half group Σ w g², Σ w g and Σ w x g of 96 half words each.
        let moments: UnsafeMutablePointer<Float>
        /// Per group Σ w / 64 and Σ w x / 8: what the shift adds to the moments of every code word.
        let constants: UnsafeMutablePointer<Float>
        /// Per part, a and b of the code words that were best under each of sixteen pairs of scale and shift.
        let trialSquares: UnsafeMutablePointer<Float>
        let trialProducts: UnsafeMutablePointer<Float>
        let decoded: UnsafeMutablePointer<Float>
        let halfValues: UnsafePointer<Lanes>
        let secondPartners: UnsafePointer<UInt16>
        let firstPartners: UnsafePointer<UInt16>
        let words: UnsafePointer<Int16>

        init(
            floats: UnsafeMutablePointer<Float>, halfValues: UnsafePointer<Lanes>, partners: UnsafePointer<UInt16>,
            words: UnsafePointer<Int16>
        ) {
            values = floats
            weights = floats + 256
            moments = floats + 512
            constants = floats + (512 + 64 * 288)
            trialSquares = constants + 64
            trialProducts = trialSquares + 128
            decoded = trialProducts + 128
            self.halfValues = halfValues
            secondPartners = partners
            firstPartners = partners + 6 * 81
            self.words = words
        }

        /// Computes the moments of all half words for all 64 half groups.
        func computeMoments() {
            for half in 0..<64 {
                let place = moments + 288 &* half
                for vector in 0..<6 {
                    var squares = Lanes()
                    var sums = Lanes()
                    var products = Lanes()
                    for element in 0..<4 {
                        let level = halfValues[4 &* vector &+ element]
                        let weight = weights[4 &* half &+ element]
                        let weighted = level * weight
                        squares = csimd_multiply_add(weighted, level, squares)
                        sums += weighted
                        products = csimd_multiply_add(
                            weighted, Lanes(repeating: values[4 &* half &+ element]), products)
                    }
                    place.store(squares, 16 &* vector)
                    place.store(sums, 96 &+ 16 &* vector)
                    place.store(products, 192 &+ 16 &* vector)
                }
            }
            for group in 0..<32 {
                var weightSum: Float = 0
                var productSum: Float = 0
                for element in 8 &* group..<8 &* group &+ 8 {
                    weightSum += weights[element]
                    productSum += weights[element] * values[element]
                }
                constants[2 &* group] = weightSum / 64
                constants[2 &* group &+ 1] = productSum / 8
            }
        }

        /// The costs of all half words under a scale and a shift, divided by the scale.
        @inline(__always)
        private func costs(half: Int, scale: Float, shift: Float) -> HalfWordCosts {
            let place = moments + 288 &* half
            @inline(__always)
            func cost(_ vector: Int) -> Lanes {
                let squares = csimd_multiply_add(
                    place.lanes(96 &+ 16 &* vector), Lanes(repeating: 2 * shift), place.lanes(16 &* vector))
                return csimd_multiply_subtract(
                    Lanes(repeating: 2), place.lanes(192 &+ 16 &* vector), squares * scale)
            }
            return HalfWordCosts(vectors: (cost(0), cost(1), cost(2), cost(3), cost(4), cost(5)))
        }

        /// The cost of one half word.
        @inline(__always)
        private func cost(half: Int, _ word: Int, scale: Float, shift: Float) -> Float {
            let place = moments + (288 &* half &+ word)
            return (place[0] + 2 * shift * place[96]) * scale - 2 * place[192]
        }

        /// The exactly best pair of half words of a group under a scale and a shift.
        @inline(__always)
        func bestWord(group: Int, scale: Float, shift: Float) -> (first: Int, second: Int) {
            let firsts = costs(half: 2 &* group, scale: scale, shift: shift)
            let seconds = costs(half: 2 &* group &+ 1, scale: scale, shift: shift)
            let leastFirst = firsts.least
            let leastSecond = seconds.least
            // A pair to beat: the better of the best with the least first and the best with the least second half.
            var first = firsts.index(of: leastFirst)
            let second = seconds.index(of: leastSecond)
            var leastPartner = seconds.least(among: secondPartners + 6 &* first)
            var best = leastFirst + leastPartner
            let otherPartner = firsts.least(among: firstPartners + 6 &* second)
            var candidates = firsts.places(below: min(best, leastSecond + otherPartner) - leastSecond)
            candidates.remove(first)
            if leastSecond + otherPartner < best {
                best = leastSecond + otherPartner
                first = firsts.index(of: otherPartner, among: firstPartners + 6 &* second)
                leastPartner = leastSecond
                candidates.remove(first)
            }
            while let candidate = candidates.removeFirst() {
                let partner = seconds.least(among: secondPartners + 6 &* candidate)
                let cost = self.cost(half: 2 &* group, candidate, scale: scale, shift: shift) + partner
                if cost < best {
                    best = cost
                    first = candidate
                    leastPartner = partner
                }
            }
            return (first, seconds.index(of: leastPartner, among: secondPartners + 6 &* first))
        }

        /// a and b of a part's best code words under a scale and a shift.
        @inline(__always)
        func bestWords(part: Int, scale: Float, shift: Float) -> QuadraticError {
            var error = QuadraticError()
            for group in 4 &* part..<4 &* part &+ 4 {
                let word = bestWord(group: group, scale: scale, shift: shift)
                let added = quadraticError(group: group, word, shift: shift)
                error.a += added.a
                error.b += added.b
            }
            return error
        }

        @inline(__always)
        func quadraticError(group: Int, _ word: (first: Int, second: Int), shift: Float) -> QuadraticError {
            let first = moments + (576 &* group &+ word.first)
            let second = moments + (576 &* group &+ 288 &+ word.second)
            return QuadraticError(
                a: first[0] + second[0] + 2 * shift * (first[96] + second[96]) + constants[2 &* group],
                b: first[192] + second[192] + 8 * shift * constants[2 &* group &+ 1])
        }
    }

    /// Chooses the super-block's scale together with the scale codes and shifts of all parts.
    private static func chooseScales(_ room: Room) -> Scales {
        var greatest: Float = 0
        for part in 0..<8 { greatest = max(greatest, tryScales(part: part, room)) }
        // As in IQ2_XXS: the errors under the code words found so far bound the error under any scale from above. Lanes 0…7
        // stand for the scale codes with a positive shift, lanes 8…15 with a negative one.
        let multiples = Lanes(1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 7, 9, 11, 13, 15)
        var best = Scales(factor: 0)
        var least = Float.infinity
        var factor = greatest * 0.9 / 15
        for _ in 0..<32 {
            var trial = Scales(factor: factor)
            var total: Float = 0
            let scales = multiples * factor
            for part in 0..<8 {
                let squares = room.trialSquares + 16 &* part
                let products = room.trialProducts + 16 &* part
                var errors = Lanes(repeating: .infinity)
                for index in 0..<trialCount {
                    let a = Lanes(
                        lowHalf: SIMD8(repeating: squares[index]), highHalf: SIMD8(repeating: squares[8 &+ index]))
                    let b = Lanes(
                        lowHalf: SIMD8(repeating: products[index]), highHalf: SIMD8(repeating: products[8 &+ index]))
                    errors = csimd_minimum(errors, (scales * a - 2 * b) * scales)
                }
                let lane = errors.indexOfLeast
                trial.codes[part] = Int32(truncatingIfNeeded: lane & 7)
                trial.isShiftNegative[part] = Int32(truncatingIfNeeded: lane >> 3)
                total += errors[lane]
            }
            if total < least {
                least = total
                best = trial
            }
            factor *= 1.03
        }
        return refined(best, room)
    }

    /// How many scales to try for each shift of a part, and which, in units of the part's mean magnitude.
    private static let trialCount = 3
    private static let trialSteps = SIMD3<Float>(1.04, 1.365, 1.755)

    /// Finds the best code words of a part under some scales and both shifts, and returns the scale that fits the best.
    private static func tryScales(part: Int, _ room: Room) -> Float {
        // The mean magnitude, by weight: what a scale of about the right size is measured by.
        var products = Lanes()
        var weights = Lanes()
        for start in [32 &* part, 32 &* part &+ 16] {
            let lanes = room.values.lanes(start)
            products = csimd_multiply_add(csimd_maximum(lanes, -lanes), room.weights.lanes(start), products)
            weights += room.weights.lanes(start)
        }
        let size = csimd_sum(products) / csimd_sum(weights)
        var best: (scale: Float, gain: Float) = (0, 0)
        for sign in 0..<2 {
            for trial in 0..<trialCount {
                let error = room.bestWords(
                    part: part, scale: size * trialSteps[trial], shift: sign == 0 ? 0.125 : -0.125)
                room.trialSquares[16 &* part &+ 8 &* sign &+ trial] = error.a
                room.trialProducts[16 &* part &+ 8 &* sign &+ trial] = error.b
                let gain = error.b > 0 && error.a > 0 ? error.b * (error.b / error.a) : 0
                if gain > best.gain { best = (error.b / error.a, gain) }
            }
        }
        return best.scale
    }

    /// Chooses code words and neighbouring scale codes exactly, then the scale that fits them best.
    private static func refined(_ scales: Scales, _ room: Room) -> Scales {
        var result = scales
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            var least = Float.infinity
            var chosen = (square: Float(0), product: Float(0))
            let shift: Float = scales.isShiftNegative[part] == 0 ? 0.125 : -0.125
            for code in max(0, scales.codes[part] &- 1)...min(7, scales.codes[part] &+ 1) {
                let multiple = Float(2 &* code &+ 1)
                let scale = scales.factor * multiple
                let error = room.bestWords(part: part, scale: scale, shift: shift)
                let cost = (scale * error.a - 2 * error.b) * scale
                if cost < least {
                    least = cost
                    result.codes[part] = code
                    chosen = (multiple * multiple * error.a, multiple * error.b)
                }
            }
            squares += chosen.square
            products += chosen.product
        }
        if squares > 0, products > 0 { result.factor = products / squares }
        return result
    }

    /// Chooses the code words under scales already chosen, and stores the block.
    private static func store(
        _ scales: Scales, _ elements: PreparedElements, _ room: Room, into block: UnsafeMutableRawPointer
    ) {
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            let multiple = Float(2 &* scales.codes[part] &+ 1)
            let shift: Float = scales.isShiftNegative[part] == 0 ? 0.125 : -0.125
            var low: UInt32 = 0
            var high = UInt16(truncatingIfNeeded: scales.codes[part]) << 12
            if shift < 0 { high |= 0x8000 }
            for position in 0..<4 {
                let group = 4 &* part &+ position
                let halves = room.bestWord(group: group, scale: scales.factor * multiple, shift: shift)
                let error = room.quadraticError(group: group, halves, shift: shift)
                squares += multiple * multiple * error.a
                products += multiple * error.b
                let word = Int(max(0, room.words[81 &* halves.first &+ halves.second]))
                low |= UInt32(truncatingIfNeeded: word & 255) << UInt32(8 &* position)
                high |= UInt16(truncatingIfNeeded: word >> 8) << UInt16(3 &* position)
            }
            block.storeBytes(of: low, toByteOffset: 2 &+ 4 &* part, as: UInt32.self)
            block.storeBytes(of: high, toByteOffset: 34 &+ 2 &* part, as: UInt16.self)
        }
        let factor = squares > 0 && products > 0 ? products / squares : scales.factor
        block.storeHalf(elements.storable(factor) * elements.unit, 0)
    }
}
