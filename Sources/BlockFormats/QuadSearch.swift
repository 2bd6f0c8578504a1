import CSIMD

// How a super-block of quads is encoded. Under a scale t a quad with word g costs, up to a constant, t² A − 2 t B with
// A = Σ w g² and B = Σ w |x| g. Where the number of minus signs in two quads has to be even and is not, one sign of either
// quad is flipped, which takes 2 min w |x| g from the B of its word. A and both B of all words are computed once; the
// exactly best words under any scale then take one multiplication per word.

/// Working memory of one super-block, and the search for words and scales in it.
struct QuadSearch {
    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let decoded: UnsafeMutablePointer<Float>
    /// Per part, a and b of the words that were best under each of sixteen scales.
    private let trialSquares: UnsafeMutablePointer<Float>
    private let trialProducts: UnsafeMutablePointer<Float>
    /// Quad by quad A, B, and B with a sign flipped, of every word.
    private let moments: UnsafeMutablePointer<Float>
    private let momentStride: Int
    private let magnitudes: UnsafePointer<Lanes>
    private let book: QuadBook

    /// The scale of a super-block and the scale codes of its parts.
    struct Scales {
        var factor: Float
        var codes = SIMD8<Int32>()
    }

    static func floatCount(_ book: QuadBook) -> Int {
        768 + 256 + 64 * (book.isSignParityEven ? 3 : 2) * book.wordCount
    }

    init(_ book: QuadBook, magnitudes: UnsafePointer<Lanes>, floats: UnsafeMutablePointer<Float>) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSquares = floats + 768
        trialProducts = floats + 896
        moments = floats + 1024
        momentStride = (book.isSignParityEven ? 3 : 2) &* book.wordCount
        self.magnitudes = magnitudes
        self.book = book
    }

    /// Whether one sign of eight elements has to be flipped.
    @inline(__always)
    private func needsFlip(group: Int) -> Bool {
        book.isSignParityEven && signs(group: group).nonzeroBitCount & 1 == 1
    }

    @inline(__always)
    private func eight(_ floats: UnsafeMutablePointer<Float>, group: Int) -> SIMD8<Float> {
        UnsafeRawPointer(floats + 8 &* group).loadUnaligned(as: SIMD8<Float>.self)
    }

    @inline(__always)
    private func signs(group: Int) -> UInt32 { QuadBook.signBits(eight(values, group: group)) }

    /// w |x| of eight elements.
    @inline(__always)
    private func products(group: Int) -> SIMD8<Float> {
        let products = eight(values, group: group) * eight(weights, group: group)
        return products.replacing(with: -products, where: products .< 0)
    }

    /// The signs of eight elements under the words chosen for them.
    @inline(__always)
    func signs(group: Int, _ pair: QuadPair) -> UInt32 {
        QuadBook.signs(signs(group: group), pair, products: products(group: group), magnitudes)
    }

    /// Computes A and B of every word for all 64 quads.
    func computeMoments() {
        for group in 0..<32 {
            let products = products(group: group)
            let weights = eight(weights, group: group)
            let needsFlip = needsFlip(group: group)
            computeMoments(quad: 2 &* group, weights.lowHalf, products.lowHalf, needsFlip: needsFlip)
            computeMoments(quad: 2 &* group &+ 1, weights.highHalf, products.highHalf, needsFlip: needsFlip)
        }
    }

    @inline(__always)
    private func computeMoments(quad: Int, _ weights: SIMD4<Float>, _ products: SIMD4<Float>, needsFlip: Bool) {
        let place = moments + momentStride &* quad
        for vector in 0..<book.wordCount >> 4 {
            let words = magnitudes + 4 &* vector
            var a = Lanes()
            var b = Lanes()
            for element in 0..<4 {
                a = csimd_multiply_add(words[element] * weights[element], words[element], a)
                b = csimd_multiply_add(words[element], Lanes(repeating: products[element]), b)
            }
            place.store(a, 16 &* vector)
            place.store(b, book.wordCount &+ 16 &* vector)
            if needsFlip {
                place.store(
                    csimd_multiply_subtract(QuadTarget.cheapestFlips(products, words), Lanes(repeating: 2), b),
                    2 &* book.wordCount &+ 16 &* vector)
            }
        }
    }

    /// The exactly best word of a quad under a scale, with its cost divided by the scale.
    @inline(__always)
    private func bestWord(quad: Int, scale: Float, isFlipped: Bool) -> (word: Int, cost: Float) {
        let squares = moments + momentStride &* quad
        let products = squares + (isFlipped ? 2 : 1) &* book.wordCount
        let scales = Lanes(repeating: scale)
        var least = LeastCosts()
        for vector in 0..<book.wordCount >> 4 {
            let place = 16 &* vector
            least.add(
                csimd_multiply_subtract(Lanes(repeating: 2), products.lanes(place), squares.lanes(place) * scales),
                vector: vector)
        }
        return least.best
    }

    /// The exactly best words of eight elements under a scale.
    @inline(__always)
    func bestPair(group: Int, scale: Float) -> QuadPair {
        let first = bestWord(quad: 2 &* group, scale: scale, isFlipped: false)
        let second = bestWord(quad: 2 &* group &+ 1, scale: scale, isFlipped: false)
        guard needsFlip(group: group) else { return QuadPair(first: first.word, second: second.word) }
        return QuadPair(
            first: first, second: second,
            flippedFirst: bestWord(quad: 2 &* group, scale: scale, isFlipped: true),
            flippedSecond: bestWord(quad: 2 &* group &+ 1, scale: scale, isFlipped: true))
    }

    /// a and b of the words of eight elements.
    @inline(__always)
    func quadraticError(group: Int, _ pair: QuadPair) -> QuadraticError {
        let first = moments + (2 &* group &* momentStride &+ pair.first)
        let second = moments + ((2 &* group &+ 1) &* momentStride &+ pair.second)
        return QuadraticError(
            a: first[0] + second[0],
            b: first[(pair.flip == .first ? 2 : 1) &* book.wordCount]
                + second[(pair.flip == .second ? 2 : 1) &* book.wordCount])
    }

    /// a and b of a part's best words under a scale.
    @inline(__always)
    private func bestWords(part: Int, scale: Float) -> QuadraticError {
        var error = QuadraticError()
        for group in 4 &* part..<4 &* part &+ 4 {
            let added = quadraticError(group: group, bestPair(group: group, scale: scale))
            error.a += added.a
            error.b += added.b
        }
        return error
    }
}

extension QuadSearch {
    /// How many scales to try first for a part, and which, in units of the least scale that covers all its elements.
    private static let trialCount = 16
    private static let firstScales: Lanes = {
        var scales = Lanes()
        var scale: Float = 0.62
        for lane in 0..<16 {
            scales[lane] = scale
            scale *= 1.055
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
                for trial in 16 &* part..<16 &* part &+ Self.trialCount {
                    errors = csimd_minimum(errors, (scales * trialSquares[trial] - 2 * trialProducts[trial]) * scales)
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
        var greatest = Lanes()
        for start in [32 &* part, 32 &* part &+ 16] {
            let lanes = values.lanes(start)
            greatest = csimd_maximum(greatest, csimd_maximum(lanes, -lanes))
        }
        let scales = Self.firstScales * (-csimd_least(-greatest) / book.greatest)
        var best: (scale: Float, gain: Float) = (0, 0)
        for trial in 0..<Self.trialCount {
            let error = bestWords(part: part, scale: scales[trial])
            trialSquares[16 &* part &+ trial] = error.a
            trialProducts[16 &* part &+ trial] = error.b
            let gain = error.b > 0 && error.a > 0 ? error.b * (error.b / error.a) : 0
            if gain > best.gain { best = (error.b / error.a, gain) }
        }
        return best.scale
    }

    /// Chooses words and neighbouring scale codes exactly, then the scale that fits them best.
    private func refined(_ scales: Scales) -> Scales {
        var result = scales
        var squares: Float = 0
        var products: Float = 0
        for part in 0..<8 {
            var least = Float.infinity
            var chosen = (square: Float(0), product: Float(0))
            for code in max(0, scales.codes[part] &- 1)...min(15, scales.codes[part] &+ 1) {
                let multiple = Self.multiples[Int(code)]
                let scale = scales.factor * multiple
                let error = bestWords(part: part, scale: scale)
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
}
