import CSIMD
import TensorCore

// How a super-block is encoded. Under a scale t a group of eight with code word g costs Σ w (|x| − t g)², and 4 t w |x| g more
// for one element whose sign has to be flipped because the number of minus signs must be even. Up to a constant that is
// t² A − 2 t B, with A = Σ w g² and B = Σ w |x| g − 2 min w |x| g where a sign is flipped: A and B of all 256 code words
// are computed once, and the exactly best word under any scale is then one multiplication per word.

/// Sums of a 32-element part for code words chosen under some scale; its error under a scale t is t² a − 2 t b + constant.
struct QuadraticError {
    var a: Float = 0
    var b: Float = 0
}

extension IQ2XXSCodec {
    /// Per vector of 16 code words and pair of elements, the index 3 · (second level) + first level of each word.
    private static let pairIndices: [SIMD16<Int32>] = (0..<64).map { entry in
        var indices = SIMD16<Int32>()
        for lane in 0..<16 {
            let levels = Int32(packedGrid[16 * (entry / 4) + lane] >> UInt16(4 * (entry % 4))) & 15
            indices[lane] = (levels & 3) + 3 * (levels >> 2)
        }
        return indices
    }

    /// The first and the second magnitude of the pairs of levels, by index.
    private static let firstMagnitudes = Lanes(8, 25, 43, 8, 25, 43, 8, 25, 43, 0, 0, 0, 0, 0, 0, 0)
    private static let secondMagnitudes = Lanes(8, 8, 8, 25, 25, 25, 43, 43, 43, 0, 0, 0, 0, 0, 0, 0)

    /// The magnitudes of the three levels.
    private static let magnitudes = SIMD4<Float>(8, 25, 43, 0)

    /// Scales to try first for a part, in units of its greatest magnitude over 43.
    private static let firstScales: Lanes = {
        var scales = Lanes()
        var scale: Float = 0.36
        for lane in 0..<16 {
            scales[lane] = scale
            scale *= 1.085
        }
        return scales
    }()

    /// The scale codes' multiples of the super-block's scale.
    private static let multiples = (Lanes.ramp + 0.5) * 0.25

    func encode(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?,
        into target: UnsafeMutableRawPointer, scratch: EncodingScratch
    ) {
        let floats = scratch.floats(512 + 2 * 32 * 256 + 256 + 256)
        Self.pairIndices.withUnsafeBufferPointer { indices in
            let room = Room(floats: floats, pairIndices: indices.baseAddress!)
            for index in 0..<count / 256 {
                let block = target + index &* 66
                let offset = index &* 256
                if let elements = PreparedElements(
                    row + offset, count: 256, importance: importance.map { $0 + offset }, policy: policy,
                    values: room.values,
                    weights: room.weights)
                {
                    room.computeMoments()
                    let choice = Self.chooseScales(elements, room)
                    Self.store(choice, elements, room, into: block)
                    restoreGain(
                        block, scaleAt: 0, elements, decoded: room.decoded)
                } else {
                    block.initializeMemory(as: UInt8.self, repeating: 0, count: 66)
                }
            }
        }
    }

    /// The scale of a super-block and the scale codes of its parts.
    private struct Scales {
        var factor: Float
        var codes = SIMD8<Int32>()
    }

    /// Working memory of one super-block, and the search for code words in it.
    private struct Room {
        let values: UnsafeMutablePointer<Float>
        let weights: UnsafeMutablePointer<Float>
        /// A and B of every code word, group by group.
        let squares: UnsafeMutablePointer<Float>
        let products: UnsafeMutablePointer<Float>
        /// Per part, a and b of the code words that were best under each of sixteen scales.
        let trialSquares: UnsafeMutablePointer<Float>
        let trialProducts: UnsafeMutablePointer<Float>
        let decoded: UnsafeMutablePointer<Float>
        let pairIndices: UnsafePointer<SIMD16<Int32>>

        init(floats: UnsafeMutablePointer<Float>, pairIndices: UnsafePointer<SIMD16<Int32>>) {
            values = floats
            weights = floats + 256
            squares = floats + 512
            products = floats + (512 + 32 * 256)
            trialSquares = floats + (512 + 64 * 256)
            trialProducts = trialSquares + 128
            decoded = trialProducts + 128
            self.pairIndices = pairIndices
        }

        /// Computes A and B of every code word for all 32 groups.
        func computeMoments() {
            for group in 0..<32 { computeMoments(group: group) }
        }

        @inline(__always)
        private func computeMoments(group: Int) {
            let start = 8 &* group
            let first = IQ2XXSCodec.firstMagnitudes
            let second = IQ2XXSCodec.secondMagnitudes
            @inline(__always)
            func tables(_ pair: Int) -> (squares: Lanes, products: Lanes, flips: Lanes) {
                let index = start &+ 2 &* pair
                let firstProducts = first * (weights[index] * values[index].magnitude)
                let secondProducts = second * (weights[index &+ 1] * values[index &+ 1].magnitude)
                return (
                    first * first * weights[index] + second * second * weights[index &+ 1],
                    firstProducts + secondProducts, csimd_minimum(firstProducts, secondProducts)
                )
            }
            let (a, b, c, d) = (tables(0), tables(1), tables(2), tables(3))
            let isOdd = Self.minusSigns(values, start) & 1 == 1
            for vector in 0..<16 {
                let indices = pairIndices + 4 &* vector
                let place = 256 &* group &+ 16 &* vector
                squares.store(
                    (csimd_permute(a.squares, indices[0]) + csimd_permute(b.squares, indices[1]))
                        + (csimd_permute(c.squares, indices[2]) + csimd_permute(d.squares, indices[3])), place)
                var sum =
                    (csimd_permute(a.products, indices[0]) + csimd_permute(b.products, indices[1]))
                    + (csimd_permute(c.products, indices[2]) + csimd_permute(d.products, indices[3]))
                if isOdd {
                    let flip = csimd_minimum(
                        csimd_minimum(csimd_permute(a.flips, indices[0]), csimd_permute(b.flips, indices[1])),
                        csimd_minimum(csimd_permute(c.flips, indices[2]), csimd_permute(d.flips, indices[3])))
                    sum -= flip * 2
                }
                products.store(sum, place)
            }
        }

        @inline(__always)
        static func minusSigns(_ values: UnsafePointer<Float>, _ start: Int) -> Int {
            var count = 0
            for element in 0..<8 { count &+= Int(truncatingIfNeeded: values[start &+ element].bitPattern >> 31) }
            return count
        }

        /// The exactly best code word of a group under a scale.
        @inline(__always)
        func bestWord(group: Int, scale: Float) -> Int {
            let squares = self.squares + 256 &* group
            let products = self.products + 256 &* group
            let scales = Lanes(repeating: scale)
            var least = Lanes(repeating: .infinity)
            var vectors = SIMD16<Int32>()
            for vector in 0..<16 {
                let product = products.lanes(16 &* vector)
                let cost = csimd_multiply_subtract(Lanes(repeating: 2), product, squares.lanes(16 &* vector) * scales)
                let isLess = cost .< least
                least.replace(with: cost, where: isLess)
                vectors.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: vector)), where: isLess)
            }
            let lane = least.indexOfLeast
            return Int(vectors[lane]) &* 16 &+ lane
        }

        /// a and b of a part's best code words under a scale.
        @inline(__always)
        func bestWords(part: Int, scale: Float) -> QuadraticError {
            var error = QuadraticError()
            for group in 4 &* part..<4 &* part &+ 4 {
                let place = 256 &* group &+ bestWord(group: group, scale: scale)
                error.a += squares[place]
                error.b += products[place]
            }
            return error
        }
    }

    /// Chooses the super-block's scale together with the scale codes of all parts.
    private static func chooseScales(_ elements: PreparedElements, _ room: Room) -> Scales {
        var greatest: Float = 0
        for part in 0..<8 { greatest = max(greatest, tryScales(part: part, room)) }
        // The errors under the code words found so far bound the error under any scale from above: with them many scales of
        // the super-block are tried at the price of a few additions.
        var best = Scales(factor: 0)
        var least = Float.infinity
        var factor = greatest * 0.9 / multiples[15]
        for _ in 0..<32 {
            var codes = SIMD8<Int32>()
            var total: Float = 0
            let scales = multiples * factor
            for part in 0..<8 {
                let squares = room.trialSquares + 16 &* part
                let products = room.trialProducts + 16 &* part
                var errors = Lanes(repeating: .infinity)
                for trial in 0..<16 {
                    errors = csimd_minimum(errors, (scales * squares[trial] - 2 * products[trial]) * scales)
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
        for _ in 0..<2 { best = refined(best, room) }
        return best
    }

    /// Finds the best code words of a part under sixteen scales, and returns the scale that fits the best of them.
    private static func tryScales(part: Int, _ room: Room) -> Float {
        var greatest = Lanes()
        for start in [32 &* part, 32 &* part &+ 16] {
            let lanes = room.values.lanes(start)
            greatest = csimd_maximum(greatest, csimd_maximum(lanes, -lanes))
        }
        let scales = firstScales * (-csimd_least(-greatest) / 43)
        var best: (scale: Float, gain: Float) = (0, 0)
        for trial in 0..<16 {
            let error = room.bestWords(part: part, scale: scales[trial])
            room.trialSquares[16 &* part &+ trial] = error.a
            room.trialProducts[16 &* part &+ trial] = error.b
            let gain = error.b > 0 && error.a > 0 ? error.b * (error.b / error.a) : 0
            if gain > best.gain { best = (error.b / error.a, gain) }
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
            for code in max(0, scales.codes[part] &- 1)...min(15, scales.codes[part] &+ 1) {
                let multiple = multiples[Int(code)]
                let scale = scales.factor * multiple
                let error = room.bestWords(part: part, scale: scale)
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

    /// Chooses the code words and signs under scales already chosen, and stores the block.
    private static func store(
        _ scales: Scales, _ elements: PreparedElements, _ room: Room, into block: UnsafeMutableRawPointer
    ) {
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            let multiple = multiples[Int(scales.codes[part])]
            var indices: UInt32 = 0
            var signs = UInt32(truncatingIfNeeded: scales.codes[part]) << 28
            for position in 0..<4 {
                let group = 4 &* part &+ position
                let word = room.bestWord(group: group, scale: scales.factor * multiple)
                squares += multiple * multiple * room.squares[256 &* group &+ word]
                products += multiple * room.products[256 &* group &+ word]
                indices |= UInt32(truncatingIfNeeded: word) << UInt32(8 &* position)
                signs |= signBits(elements, group: group, word: word) << UInt32(7 &* position)
            }
            block.storeBytes(of: indices, toByteOffset: 2 &+ 8 &* part, as: UInt32.self)
            block.storeBytes(of: signs, toByteOffset: 6 &+ 8 &* part, as: UInt32.self)
        }
        let factor = squares > 0 && products > 0 ? products / squares : scales.factor
        block.storeHalf(elements.storable(factor) * elements.unit, 0)
    }

    /// The seven stored signs of a group, with that sign flipped, if one has to be, for which it costs least.
    @inline(__always)
    private static func signBits(_ elements: PreparedElements, group: Int, word: Int) -> UInt32 {
        var bits: UInt32 = 0
        var cheapest: (element: UInt32, cost: Float) = (0, .infinity)
        let levels = packedGrid[word]
        for element in 0..<8 {
            let value = elements.values[8 &* group &+ element]
            bits |= (value.bitPattern >> 31) << UInt32(element)
            let level = magnitudes[Int(levels >> UInt16(2 &* element)) & 3]
            let cost = elements.weights[8 &* group &+ element] * value.magnitude * level
            if cost < cheapest.cost { cheapest = (UInt32(element), cost) }
        }
        if bits.nonzeroBitCount & 1 == 1 { bits ^= 1 << cheapest.element }
        return bits & 127
    }
}
