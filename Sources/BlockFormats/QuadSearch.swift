import CSIMD

// How a super-block of quads is encoded. Under a scale t a quad with word g costs, up to a constant and divided by t,
// t A − 2 B with A = Σ w g² and B = Σ w |x| g. Where the number of minus signs in two quads has to be even and is not, one
// sign of either quad is flipped, which takes 2 min w |x| g from the B of its word.
//
// That is a straight line per word, and the best words under all scales are those whose lines make up the lower envelope:
// five words on the average, of hundreds. They are found once; the exactly best word under any scale is then one of a few.
// A line that is part of the envelope between two scales with known best words must pass below the point where the lines of
// these two cross, as it is above them at both scales.

/// Working memory of one super-block, and the search for words and scales in it.
struct QuadSearch {
    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let decoded: UnsafeMutablePointer<Float>
    /// Per part, a and 2 b of the words that were best under each of sixteen scales.
    let trialSquares: UnsafeMutablePointer<Float>
    let trialProducts: UnsafeMutablePointer<Float>
    /// A of every word of one quad, −2 B, and −2 B with a sign flipped.
    private let moments: UnsafeMutablePointer<Float>
    private let candidates: UnsafeMutablePointer<Float>
    /// Two envelopes per quad, the second with a sign flipped.
    private let envelopes: UnsafeMutablePointer<Float>
    private let envelopeCounts: UnsafeMutablePointer<Int32>
    private let magnitudes: UnsafePointer<Lanes>
    private let book: QuadBook
    /// A bit for each eight elements one sign of which has to be flipped.
    private var flips: UInt32 = 0

    /// Words of an envelope that are kept; none was ever seen to have more than half as many.
    private static let envelopeCapacity = 32

    /// The scales to try first for a part, in units of the least scale that covers all its elements.
    private static let firstScales: Lanes = {
        var scales = Lanes()
        var scale: Float = 0.45
        for lane in 0..<16 {
            scales[lane] = scale
            scale *= 1.088
        }
        return scales
    }()

    static func floatCount(_ book: QuadBook) -> Int {
        1024 + 6 * book.wordCount + 128 * 3 * envelopeCapacity + 128
    }

    init(_ book: QuadBook, magnitudes: UnsafePointer<Lanes>, floats: UnsafeMutablePointer<Float>) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSquares = floats + 768
        trialProducts = floats + 896
        moments = floats + 1024
        candidates = moments + 3 &* book.wordCount
        envelopes = candidates + 3 &* book.wordCount
        envelopeCounts = UnsafeMutableRawPointer(envelopes + 128 &* 3 &* Self.envelopeCapacity)
            .bindMemory(to: Int32.self, capacity: 128)
        self.magnitudes = magnitudes
        self.book = book
    }

    @inline(__always)
    private func needsFlip(group: Int) -> Bool { flips >> UInt32(truncatingIfNeeded: group) & 1 == 1 }

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

    /// The scales to try first for a part; the envelopes are complete between the first and the last of them.
    @inline(__always)
    private func firstScales(part: Int) -> Lanes {
        let low = values.lanes(32 &* part)
        let high = values.lanes(32 &* part &+ 16)
        let magnitudes = csimd_maximum(csimd_maximum(low, -low), csimd_maximum(high, -high))
        return Self.firstScales * (-csimd_least(-magnitudes) / book.greatest)
    }

    /// Whether the exactly best words under a scale are in the envelopes of a part.
    @inline(__always)
    func isCovered(part: Int, scale: Float) -> Bool {
        let scales = firstScales(part: part)
        return scale >= scales[0] && scale <= scales[15]
    }

    /// Finds the words of all quads that are best under some scale, and what they cost under the first scales.
    ///
    /// - Returns: The greatest of the scales that fit the parts best.
    mutating func findEnvelopes() -> Float {
        flips = 0
        var greatest: Float = 0
        for part in 0..<8 {
            let scales = firstScales(part: part)
            var errors = (costs: Lanes(), squares: Lanes())
            for group in 4 &* part..<4 &* part &+ 4 {
                if book.isSignParityEven && signs(group: group).nonzeroBitCount & 1 == 1 {
                    flips |= 1 << UInt32(truncatingIfNeeded: group)
                }
                let products = products(group: group)
                let weights = eight(weights, group: group)
                computeMoments(weights.lowHalf, products.lowHalf, needsFlip: needsFlip(group: group))
                let first = findEnvelope(quad: 2 &* group, isFlipped: false, scales)
                let flippedFirst =
                    needsFlip(group: group) ? findEnvelope(quad: 2 &* group, isFlipped: true, scales) : first
                computeMoments(weights.highHalf, products.highHalf, needsFlip: needsFlip(group: group))
                let second = findEnvelope(quad: 2 &* group &+ 1, isFlipped: false, scales)
                let flippedSecond =
                    needsFlip(group: group) ? findEnvelope(quad: 2 &* group &+ 1, isFlipped: true, scales) : second
                Self.add((first, flippedSecond), or: (flippedFirst, second), to: &errors)
            }
            greatest = max(greatest, storeTrials(part: part, scales, errors))
        }
        return greatest
    }

    /// Keeps the sums of a part under the first scales, and returns the scale that fits the best of them.
    @inline(__always)
    private func storeTrials(part: Int, _ scales: Lanes, _ errors: (costs: Lanes, squares: Lanes)) -> Float {
        let products = csimd_multiply_subtract(Lanes(repeating: 1), errors.costs, errors.squares * scales)
        trialSquares.store(errors.squares, 16 &* part)
        trialProducts.store(products, 16 &* part)
        var gains = products * products / errors.squares
        gains.replace(with: 0, where: .!(errors.squares .> 0))
        let lane = (-gains).indexOfLeast
        return gains[lane] > 0 ? products[lane] / errors.squares[lane] / 2 : 0
    }

    /// Adds the lesser of the costs of two ways to encode eight elements.
    @inline(__always)
    private static func add(
        _ pair: (QuadEnvelope.Costs, QuadEnvelope.Costs), or other: (QuadEnvelope.Costs, QuadEnvelope.Costs),
        to errors: inout (costs: Lanes, squares: Lanes)
    ) {
        let costs = pair.0.costs + pair.1.costs
        let otherCosts = other.0.costs + other.1.costs
        let isOther = otherCosts .< costs
        errors.costs += costs.replacing(with: otherCosts, where: isOther)
        errors.squares += (pair.0.squares + pair.1.squares)
            .replacing(with: other.0.squares + other.1.squares, where: isOther)
    }

    /// Computes A and −2 B of all words for a quad.
    private func computeMoments(_ weights: SIMD4<Float>, _ products: SIMD4<Float>, needsFlip: Bool) {
        for vector in 0..<book.wordCount >> 4 {
            let words = magnitudes + 4 &* vector
            var squares = Lanes()
            var sums = Lanes()
            for element in 0..<4 {
                squares = csimd_multiply_add(words[element] * weights[element], words[element], squares)
                sums = csimd_multiply_add(words[element], Lanes(repeating: -2 * products[element]), sums)
            }
            moments.store(squares, 16 &* vector)
            moments.store(sums, book.wordCount &+ 16 &* vector)
            if needsFlip {
                let flip = QuadTarget.cheapestFlips(products, words)
                moments.store(
                    csimd_multiply_add(flip, Lanes(repeating: 4), sums), 2 &* book.wordCount &+ 16 &* vector)
            }
        }
    }

    private func findEnvelope(quad: Int, isFlipped: Bool, _ scales: Lanes) -> QuadEnvelope.Costs {
        var candidates = QuadEnvelope(floats: candidates, capacity: book.wordCount)
        candidates.collect(
            squares: moments, products: moments + (isFlipped ? 2 : 1) &* book.wordCount, wordCount: book.wordCount,
            scales: SIMD3(scales[0], scales[8], scales[15]))
        var kept = envelope(quad: quad, isFlipped: isFlipped)
        let costs = kept.keep(candidates, scales: scales)
        envelopeCounts[2 &* quad &+ (isFlipped ? 1 : 0)] = Int32(truncatingIfNeeded: kept.count)
        return costs
    }

    @inline(__always)
    private func envelope(quad: Int, isFlipped: Bool) -> QuadEnvelope {
        let index = 2 &* quad &+ (isFlipped ? 1 : 0)
        return QuadEnvelope(
            floats: envelopes + 3 &* Self.envelopeCapacity &* index, capacity: Self.envelopeCapacity,
            count: Int(envelopeCounts[index]))
    }

    /// What the best words of a part cost under sixteen scales, divided by the scale, and their sums Σ w g².
    @inline(__always)
    func leastErrors(part: Int, scales: Lanes) -> (costs: Lanes, squares: Lanes) {
        var errors = (costs: Lanes(), squares: Lanes())
        for group in 4 &* part..<4 &* part &+ 4 {
            let first = envelope(quad: 2 &* group, isFlipped: false).least(scales)
            let second = envelope(quad: 2 &* group &+ 1, isFlipped: false).least(scales)
            if needsFlip(group: group) {
                let flippedFirst = envelope(quad: 2 &* group, isFlipped: true).least(scales)
                let flippedSecond = envelope(quad: 2 &* group &+ 1, isFlipped: true).least(scales)
                Self.add((first, flippedSecond), or: (flippedFirst, second), to: &errors)
            } else {
                errors.costs += first.costs + second.costs
                errors.squares += first.squares + second.squares
            }
        }
        return errors
    }

    /// The best words of eight elements under a scale that the envelopes cover, with their Σ w g² and Σ w |x| g.
    @inline(__always)
    func bestPair(group: Int, scale: Float) -> (pair: QuadPair, error: QuadraticError) {
        let first = envelope(quad: 2 &* group, isFlipped: false).best(scale)
        let second = envelope(quad: 2 &* group &+ 1, isFlipped: false).best(scale)
        guard needsFlip(group: group) else {
            return (QuadPair(first: first.word, second: second.word), QuadEnvelope.quadraticError(first, second))
        }
        let flippedFirst = envelope(quad: 2 &* group, isFlipped: true).best(scale)
        let flippedSecond = envelope(quad: 2 &* group &+ 1, isFlipped: true).best(scale)
        if first.cost + flippedSecond.cost <= flippedFirst.cost + second.cost {
            return (
                QuadPair(first: first.word, second: flippedSecond.word, flip: .second),
                QuadEnvelope.quadraticError(first, flippedSecond)
            )
        }
        return (
            QuadPair(first: flippedFirst.word, second: second.word, flip: .first),
            QuadEnvelope.quadraticError(flippedFirst, second)
        )
    }

    /// The best words of eight elements under any scale, with their Σ w g² and Σ w |x| g.
    func bestPairOfAll(group: Int, scale: Float) -> (pair: QuadPair, error: QuadraticError) {
        let target = QuadTarget(values + 8 &* group, weights: weights + 8 &* group, scale: scale)
        let pair = target.bestPair(book, magnitudes)
        let weights = eight(weights, group: group)
        let products = products(group: group)
        let words = SIMD8(
            lowHalf: QuadBook.magnitudes(of: pair.first, magnitudes),
            highHalf: QuadBook.magnitudes(of: pair.second, magnitudes))
        let terms = products * words
        let flip: Float =
            switch pair.flip {
            case .none: 0
            case .first: terms.lowHalf.min()
            case .second: terms.highHalf.min()
            }
        return (pair, QuadraticError(a: (weights * words * words).sum(), b: terms.sum() - 2 * flip))
    }
}
