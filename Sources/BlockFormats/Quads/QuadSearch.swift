import CSIMD

// How a super-block of quads is encoded. Under a scale t a quad with word g costs, up to a constant and divided by t,
// A t + C with A = Σ w g² and C = −2 Σ w |x| g. Where the number of minus signs in two quads has to be even and is not, one
// sign of either quad is flipped, which adds 4 min w |x| g to the C of its word.
//
// That is a straight line per word, and the best words under all scales are those whose lines make up the lower envelope:
// five words on the average, of hundreds. They are found once, and the least cost under any scale is then one of a few.
// A line that is part of the envelope between two scales with known best words must pass below the point where the lines of
// these two cross, as it is above them at both scales.

/// Working memory of one super-block, and the search for scales in it.
struct QuadSearch {
    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let decoded: UnsafeMutablePointer<Float>
    /// Per part, the sums of the lines that were lowest under each of the first scales.
    let trialSlopes: UnsafeMutablePointer<Float>
    let trialConstants: UnsafeMutablePointer<Float>
    /// A of every word of one quad, then C, then C with a sign flipped.
    private let lines: UnsafeMutablePointer<Float>
    private let candidates: UnsafeMutablePointer<Float>
    /// Two envelopes per quad, the second with a sign flipped.
    private let envelopes: UnsafeMutablePointer<Float>
    private let envelopeCounts: UnsafeMutablePointer<Int32>
    /// The magnitudes of sixteen words, as in a ``QuadBook``.
    private let wordMagnitudes: UnsafeMutablePointer<Float>
    /// Per part the first and the last scale between which its envelopes are complete.
    private let scaleRanges: UnsafeMutablePointer<Float>
    private let magnitudes: UnsafePointer<Lanes>
    private let book: QuadBook
    /// A bit for each eight elements one sign of which has to be flipped.
    private var flips: UInt32 = 0

    /// None was ever seen to have more than half as many lines.
    private static let envelopeCapacity = 32

    /// The scales to try first for a part, in units of the least scale that covers all its elements; the envelopes are
    /// complete between the first and the last.
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
        1024 + 3 * book.wordCount + QuadEnvelope.floatCount(book.wordCount)
            + 128 * QuadEnvelope.floatCount(envelopeCapacity) + 128 + 64 + 16
    }

    init(_ book: QuadBook, magnitudes: UnsafePointer<Lanes>, floats: UnsafeMutablePointer<Float>) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSlopes = floats + 768
        trialConstants = floats + 896
        lines = floats + 1024
        candidates = lines + 3 &* book.wordCount
        envelopes = candidates + QuadEnvelope.floatCount(book.wordCount)
        let counts = envelopes + 128 &* QuadEnvelope.floatCount(Self.envelopeCapacity)
        envelopeCounts = UnsafeMutableRawPointer(counts).bindMemory(to: Int32.self, capacity: 128)
        wordMagnitudes = counts + 128
        scaleRanges = wordMagnitudes + 64
        self.magnitudes = magnitudes
        self.book = book
    }

    @inline(__always)
    private func needsFlip(group: Int) -> Bool { flips >> UInt32(truncatingIfNeeded: group) & 1 == 1 }

    /// Finds the envelopes of all quads, and what their lines cost under the first scales.
    ///
    /// - Returns: The greatest of the scales that fit the parts best.
    mutating func findEnvelopes() -> Float {
        flips = 0
        var greatest: Float = 0
        for part in 0..<8 {
            let low = values.lanes(32 &* part)
            let high = values.lanes(32 &* part &+ 16)
            let magnitudes = csimd_maximum(csimd_maximum(low, -low), csimd_maximum(high, -high))
            // Under a scale of zero all words were equally good.
            let scales = Self.firstScales * max(-csimd_least(-magnitudes) / book.greatest, 0x1p-40)
            (scaleRanges[2 &* part], scaleRanges[2 &* part &+ 1]) = (scales[0], scales[15])
            var sum = QuadEnvelope.Costs(costs: Lanes())
            for group in 4 &* part..<4 &* part &+ 4 { sum += findEnvelopes(group: group, scales) }
            trialSlopes.store(sum.slopes, 16 &* part)
            trialConstants.store(sum.constants, 16 &* part)
            // The least of A t² + C t, at t = −C / 2 A, is −C² / 4 A.
            let gains = sum.constants * sum.constants / sum.slopes
            let lane = (-gains).indexOfLeast
            greatest = max(greatest, sum.constants[lane] / sum.slopes[lane] * -0.5)
        }
        return greatest
    }

    @inline(__always)
    private mutating func findEnvelopes(group: Int, _ scales: Lanes) -> QuadEnvelope.Costs {
        let values = UnsafeRawPointer(values + 8 &* group).loadUnaligned(as: SIMD8<Float>.self)
        let weights = UnsafeRawPointer(weights + 8 &* group).loadUnaligned(as: SIMD8<Float>.self)
        let products = values.replacing(with: -values, where: values .< 0) * weights
        let needsFlip = book.isSignParityEven && QuadTarget.signs(values).nonzeroBitCount & 1 == 1
        if needsFlip { flips |= 1 << UInt32(truncatingIfNeeded: group) }
        computeLines(weights.lowHalf, products.lowHalf, needsFlip: needsFlip)
        let first = findEnvelope(quad: 2 &* group, isFlipped: false, scales)
        let flippedFirst = needsFlip ? findEnvelope(quad: 2 &* group, isFlipped: true, scales) : first
        computeLines(weights.highHalf, products.highHalf, needsFlip: needsFlip)
        let second = findEnvelope(quad: 2 &* group &+ 1, isFlipped: false, scales)
        guard needsFlip else { return first + second }
        let flippedSecond = findEnvelope(quad: 2 &* group &+ 1, isFlipped: true, scales)
        return .lesser(first + flippedSecond, flippedFirst + second)
    }

    /// Computes A and C of all words for a quad.
    private func computeLines(_ weights: SIMD4<Float>, _ products: SIMD4<Float>, needsFlip: Bool) {
        for vector in 0..<book.wordCount >> 4 {
            let words = magnitudes + 4 &* vector
            var slopes = Lanes()
            var constants = Lanes()
            for element in 0..<4 {
                slopes = csimd_multiply_add(words[element] * weights[element], words[element], slopes)
                constants = csimd_multiply_add(words[element], Lanes(repeating: -2 * products[element]), constants)
            }
            lines.store(slopes, 16 &* vector)
            lines.store(constants, book.wordCount &+ 16 &* vector)
            if needsFlip {
                let flips = QuadTarget.cheapestFlips(products, words)
                lines.store(
                    csimd_multiply_add(flips, Lanes(repeating: 4), constants), 2 &* book.wordCount &+ 16 &* vector)
            }
        }
    }

    private func findEnvelope(quad: Int, isFlipped: Bool, _ scales: Lanes) -> QuadEnvelope.Costs {
        var collected = QuadEnvelope(floats: candidates, capacity: book.wordCount)
        collected.collect(
            slopes: lines, constants: lines + (isFlipped ? 2 : 1) &* book.wordCount, wordCount: book.wordCount,
            scales: SIMD3(scales[0], scales[8], scales[15]))
        var kept = envelope(quad: quad, isFlipped: isFlipped)
        let costs = kept.keep(collected, scales: scales)
        envelopeCounts[2 &* quad &+ (isFlipped ? 1 : 0)] = Int32(truncatingIfNeeded: kept.count)
        return costs
    }

    @inline(__always)
    private func envelope(quad: Int, isFlipped: Bool) -> QuadEnvelope {
        let index = 2 &* quad &+ (isFlipped ? 1 : 0)
        return QuadEnvelope(
            floats: envelopes + QuadEnvelope.floatCount(Self.envelopeCapacity) &* index,
            capacity: Self.envelopeCapacity, count: Int(envelopeCounts[index]))
    }

    /// The words and signs of least error for eight elements under a scale.
    @inline(__always)
    func bestPair(group: Int, scale: Float) -> QuadPair {
        let target = QuadTarget(values + 8 &* group, weights: weights + 8 &* group, scale: scale)
        let part = group >> 2
        guard scale >= scaleRanges[2 &* part], scale <= scaleRanges[2 &* part &+ 1] else {
            return target.bestPair(book, magnitudes)
        }
        var isTied = false
        let pair = target.bestPair(isFlipped: needsFlip(group: group), magnitudes) { half, isFlipped in
            let envelope = envelope(quad: 2 &* group &+ half, isFlipped: isFlipped)
            for place in 0..<16 {
                // Lanes to spare are far from all elements.
                let word =
                    place < envelope.count
                    ? QuadBook.word(Int(envelope.words[place]), magnitudes) : SIMD4(repeating: 0x1p40)
                for element in 0..<4 { wordMagnitudes[16 &* element &+ place] = word[element] }
            }
            let words = UnsafeRawPointer(wordMagnitudes).assumingMemoryBound(to: Lanes.self)
            let costs = target.costs(half: half, isFlipped: isFlipped, words)
            let lane = costs.indexOfLeast
            let least = csimd_equal_mask(costs, Lanes(repeating: costs[lane]))
            isTied = isTied || least.nonzeroBitCount > 1 || envelope.count > 16
            return (Int(envelope.words[lane]), costs[lane])
        }
        // Of words that are equally good the book says which is taken.
        return isTied ? target.bestPair(book, magnitudes) : pair
    }

    /// The least costs of a part under sixteen scales.
    @inline(__always)
    func leastCosts(part: Int, scales: Lanes) -> QuadEnvelope.Costs {
        var sum = QuadEnvelope.Costs(costs: Lanes())
        for group in 4 &* part..<4 &* part &+ 4 {
            let first = envelope(quad: 2 &* group, isFlipped: false).least(scales)
            let second = envelope(quad: 2 &* group &+ 1, isFlipped: false).least(scales)
            if needsFlip(group: group) {
                let flippedFirst = envelope(quad: 2 &* group, isFlipped: true).least(scales)
                let flippedSecond = envelope(quad: 2 &* group &+ 1, isFlipped: true).least(scales)
                sum += .lesser(first + flippedSecond, flippedFirst + second)
            } else {
                sum += first + second
            }
        }
        return sum
    }
}
