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
    /// Per part, a and b of the words that were best under each of sixteen scales.
    let trialSquares: UnsafeMutablePointer<Float>
    let trialProducts: UnsafeMutablePointer<Float>
    /// A of every word of one quad, −2 B, and −2 B with a sign flipped.
    private let moments: UnsafeMutablePointer<Float>
    /// Two envelopes per quad, the second with a sign flipped.
    private let envelopes: UnsafeMutablePointer<Float>
    private let magnitudes: UnsafePointer<Lanes>
    let book: QuadBook
    /// A bit for each eight elements one sign of which has to be flipped.
    private var flips: UInt32 = 0

    static func floatCount(_ book: QuadBook) -> Int { 1024 + 3 * book.wordCount + 128 * Envelope.floatCount }

    init(_ book: QuadBook, magnitudes: UnsafePointer<Lanes>, floats: UnsafeMutablePointer<Float>) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSquares = floats + 768
        trialProducts = floats + 896
        moments = floats + 1024
        envelopes = moments + 3 &* book.wordCount
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

    /// The greatest magnitude among the 32 elements of a part, over the greatest of a word.
    @inline(__always)
    func coveringScale(part: Int) -> Float {
        let low = values.lanes(32 &* part)
        let high = values.lanes(32 &* part &+ 16)
        let greatest = csimd_maximum(csimd_maximum(low, -low), csimd_maximum(high, -high))
        return -csimd_least(-greatest) / book.greatest
    }

    /// Finds the words of all quads that are best under some scale.
    mutating func findEnvelopes() {
        flips = 0
        for part in 0..<8 {
            let scales = Envelope.scales * coveringScale(part: part)
            for group in 4 &* part..<4 &* part &+ 4 {
                let products = products(group: group)
                let weights = eight(weights, group: group)
                let needsFlip = book.isSignParityEven && signs(group: group).nonzeroBitCount & 1 == 1
                if needsFlip { flips |= 1 << UInt32(truncatingIfNeeded: group) }
                findEnvelope(quad: 2 &* group, weights.lowHalf, products.lowHalf, scales, needsFlip: needsFlip)
                findEnvelope(quad: 2 &* group &+ 1, weights.highHalf, products.highHalf, scales, needsFlip: needsFlip)
            }
        }
    }

    @inline(__always)
    private func findEnvelope(
        quad: Int, _ weights: SIMD4<Float>, _ products: SIMD4<Float>, _ scales: SIMD8<Float>, needsFlip: Bool
    ) {
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
        envelope(quad: quad, isFlipped: false).fill(
            squares: moments, products: moments + book.wordCount, count: book.wordCount, scales)
        if needsFlip {
            envelope(quad: quad, isFlipped: true).fill(
                squares: moments, products: moments + 2 &* book.wordCount, count: book.wordCount, scales)
        }
    }

    @inline(__always)
    private func envelope(quad: Int, isFlipped: Bool) -> Envelope {
        Envelope(floats: envelopes + (2 &* quad &+ (isFlipped ? 1 : 0)) &* Envelope.floatCount)
    }

    /// What the best words of a part cost under sixteen scales, divided by the scale, and their sums Σ w g².
    @inline(__always)
    func leastErrors(part: Int, scales: Lanes) -> (costs: Lanes, squares: Lanes) {
        var costs = Lanes()
        var squares = Lanes()
        for group in 4 &* part..<4 &* part &+ 4 {
            let first = envelope(quad: 2 &* group, isFlipped: false).least(scales)
            let second = envelope(quad: 2 &* group &+ 1, isFlipped: false).least(scales)
            if needsFlip(group: group) {
                let flippedFirst = envelope(quad: 2 &* group, isFlipped: true).least(scales)
                let flippedSecond = envelope(quad: 2 &* group &+ 1, isFlipped: true).least(scales)
                let isSecond = first.costs + flippedSecond.costs .<= flippedFirst.costs + second.costs
                costs += (flippedFirst.costs + second.costs)
                    .replacing(with: first.costs + flippedSecond.costs, where: isSecond)
                squares += (flippedFirst.squares + second.squares)
                    .replacing(with: first.squares + flippedSecond.squares, where: isSecond)
            } else {
                costs += first.costs + second.costs
                squares += first.squares + second.squares
            }
        }
        return (costs, squares)
    }

    /// The best words of eight elements under a scale, and their Σ w g² and Σ w |x| g.
    @inline(__always)
    func bestPair(group: Int, scale: Float) -> (pair: QuadPair, error: QuadraticError) {
        let first = envelope(quad: 2 &* group, isFlipped: false).best(scale)
        let second = envelope(quad: 2 &* group &+ 1, isFlipped: false).best(scale)
        guard needsFlip(group: group) else {
            return (
                QuadPair(first: first.word, second: second.word),
                QuadraticError(a: first.square + second.square, b: (first.product + second.product) / -2)
            )
        }
        let flippedFirst = envelope(quad: 2 &* group, isFlipped: true).best(scale)
        let flippedSecond = envelope(quad: 2 &* group &+ 1, isFlipped: true).best(scale)
        let isSecond = first.cost + flippedSecond.cost <= flippedFirst.cost + second.cost
        let (a, b) = isSecond ? (first, flippedSecond) : (flippedFirst, second)
        return (
            QuadPair(first: a.word, second: b.word, flip: isSecond ? .second : .first),
            QuadraticError(a: a.square + b.square, b: (a.product + b.product) / -2)
        )
    }
}
