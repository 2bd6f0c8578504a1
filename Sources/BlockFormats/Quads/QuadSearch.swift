import CSIMD

// How a super-block of quads is encoded. Under a scale t a quad with word g costs, up to a constant and divided by t,
// A t + C with A = Σ w g² and C = −2 Σ w |x| g. Where the number of minus signs in two quads has to be even and is not, one
// sign of either quad is flipped, which adds 4 min w |x| g to the C of its word.
//
// That is a straight line per word. Of the hundreds of words only those near the quad can be good: the book knows the sixteen
// nearest to each combination of levels. Those nearest under two scales are looked at under sixteen; the lowest of their lines
// then tell the cost under any scale.

/// Working memory of one super-block, and the search for scales in it.
struct QuadSearch {
    let values: UnsafeMutablePointer<Float>
    let weights: UnsafeMutablePointer<Float>
    let decoded: UnsafeMutablePointer<Float>
    /// Per part, the sums of the lines that were lowest under each of the first scales.
    let trialSlopes: UnsafeMutablePointer<Float>
    let trialConstants: UnsafeMutablePointer<Float>
    /// A of thirty-two words of one quad, then C, then C with a sign flipped.
    private let lines: UnsafeMutablePointer<Float>
    /// Two envelopes per quad, the second with a sign flipped.
    private let envelopes: UnsafeMutablePointer<Float>
    private let envelopeCounts: UnsafeMutablePointer<Int32>
    private let nearest: QuadNeighbours
    private let magnitudes: UnsafePointer<Lanes>
    private let book: QuadBook
    /// A bit for each eight elements one sign of which has to be flipped.
    private var flips: UInt32 = 0

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

    /// Those of them under which near words are looked for.
    private static let cellLanes = SIMD2(3, 10)

    static let floatCount = 1024 + 96 + 128 * QuadEnvelope.floatCount + 128

    init(
        _ book: QuadBook, magnitudes: UnsafePointer<Lanes>, nearest: QuadNeighbours, floats: UnsafeMutablePointer<Float>
    ) {
        values = floats
        weights = floats + 256
        decoded = floats + 512
        trialSlopes = floats + 768
        trialConstants = floats + 896
        lines = floats + 1024
        envelopes = lines + 96
        let counts = envelopes + 128 &* QuadEnvelope.floatCount
        envelopeCounts = UnsafeMutableRawPointer(counts).bindMemory(to: Int32.self, capacity: 128)
        self.nearest = nearest
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
            let (lowMagnitudes, highMagnitudes) = (
                csimd_maximum(low, Lanes() - low), csimd_maximum(high, Lanes() - high)
            )
            let peak = -csimd_least(Lanes() - csimd_maximum(lowMagnitudes, highMagnitudes))
            // Under a scale of zero all words were equally good.
            let scales = Self.firstScales * max(peak / book.greatest, 0x1p-40)

            @inline(__always)
            func cellsUnder(_ place: Int) -> Cells {
                let inverse = 0.5 / scales[Self.cellLanes[place]]
                return Cells(
                    lowHalf: QuadBook.cells(lowMagnitudes * inverse), highHalf: QuadBook.cells(highMagnitudes * inverse)
                )
            }
            let (narrow, wide) = (cellsUnder(0), cellsUnder(1))
            var sum = QuadEnvelope.Costs(costs: Lanes())
            for group in 0..<4 {
                let quad = 2 &* group
                sum += findEnvelopes(
                    group: 4 &* part &+ group, scales,
                    SIMD2(narrow[quad], wide[quad]), SIMD2(narrow[quad &+ 1], wide[quad &+ 1]))
            }
            trialSlopes.store(sum.slopes, 16 &* part)
            trialConstants.store(sum.constants, 16 &* part)
            // The least of A t² + C t, at t = −C / 2 A, is −C² / 4 A.
            let gains = sum.constants * sum.constants / sum.slopes
            let lane = (Lanes() - gains).indexOfLeast
            greatest = max(greatest, sum.constants[lane] / sum.slopes[lane] * -0.5)
        }
        return greatest
    }

    /// The cells of the quads of a part.
    private typealias Cells = SIMD8<UInt32>

    @inline(__always)
    private mutating func findEnvelopes(
        group: Int, _ scales: Lanes, _ firstCells: SIMD2<UInt32>, _ secondCells: SIMD2<UInt32>
    ) -> QuadEnvelope.Costs {
        let (weights, products) = factors(group: group)
        let values = UnsafePointer(values).eight(8 &* group)
        let needsFlip = book.isSignParityEven && QuadTarget.signs(values).nonzeroBitCount & 1 == 1
        if needsFlip { flips |= 1 << UInt32(truncatingIfNeeded: group) }
        computeLines(weights.lowHalf, products.lowHalf, firstCells, needsFlip: needsFlip)
        let first = findEnvelope(quad: 2 &* group, isFlipped: false, firstCells, scales)
        let flippedFirst =
            needsFlip ? findEnvelope(quad: 2 &* group, isFlipped: true, firstCells, scales) : first
        computeLines(weights.highHalf, products.highHalf, secondCells, needsFlip: needsFlip)
        let second = findEnvelope(quad: 2 &* group &+ 1, isFlipped: false, secondCells, scales)
        guard needsFlip else { return first + second }
        let flippedSecond = findEnvelope(quad: 2 &* group &+ 1, isFlipped: true, secondCells, scales)
        return .lesser(first + flippedSecond, flippedFirst + second)
    }

    /// w and w |x| of eight elements.
    @inline(__always)
    private func factors(group: Int) -> (weights: SIMD8<Float>, products: SIMD8<Float>) {
        let values = UnsafePointer(values).eight(8 &* group)
        let weights = UnsafePointer(weights).eight(8 &* group)
        return (weights, values.replacing(with: -values, where: values .< 0) * weights)
    }

    /// Computes A and C of the words near a quad in two cells.
    @inline(__always)
    private func computeLines(
        _ weights: SIMD4<Float>, _ products: SIMD4<Float>, _ cells: SIMD2<UInt32>, needsFlip: Bool
    ) {
        for place in 0..<2 {
            let found = nearest.lines(weights, products, cell: Int(cells[place]), needsFlip: needsFlip)
            lines.store(found.slopes, 16 &* place)
            lines.store(found.constants, 32 &+ 16 &* place)
            if needsFlip { lines.store(found.flipped, 64 &+ 16 &* place) }
        }
    }

    @inline(__always)
    private func findEnvelope(
        quad: Int, isFlipped: Bool, _ cells: SIMD2<UInt32>, _ scales: Lanes
    ) -> QuadEnvelope.Costs {
        let constants = lines + (isFlipped ? 64 : 32)
        var least = QuadEnvelope.Costs()
        var places = Lanes()
        for place in 0..<32 {
            let slope = Lanes(repeating: lines[place])
            let constant = Lanes(repeating: constants[place])
            let costs = csimd_multiply_add(slope, scales, constant)
            least.slopes = csimd_where_less(costs, least.costs, slope, least.slopes)
            least.constants = csimd_where_less(costs, least.costs, constant, least.constants)
            places = csimd_where_less(costs, least.costs, Lanes(repeating: Float(place)), places)
            least.costs = csimd_minimum(costs, least.costs)
        }
        var kept = envelope(quad: quad, isFlipped: isFlipped)
        kept.keep(least, places: places) { nearest.word($0 & 15, cell: Int(cells[$0 >> 4])) }
        envelopeCounts[2 &* quad &+ (isFlipped ? 1 : 0)] = Int32(truncatingIfNeeded: kept.count)
        return least
    }

    @inline(__always)
    private func envelope(quad: Int, isFlipped: Bool) -> QuadEnvelope {
        let index = 2 &* quad &+ (isFlipped ? 1 : 0)
        return QuadEnvelope(
            envelopes + QuadEnvelope.floatCount &* index, count: Int(envelopeCounts[index]))
    }

    /// The words and signs of the least error found for eight elements under a scale: among the words nearest to the quads and
    /// those of the envelopes.
    @inline(__always)
    func bestPair(group: Int, scale: Float) -> QuadPair {
        let target = QuadTarget(values + 8 &* group, weights: weights + 8 &* group, scale: scale)
        guard scale > 0 else { return target.bestPair(book, magnitudes) }
        let eight = UnsafePointer(values).eight(8 &* group)
        let lanes = Lanes(lowHalf: eight, highHalf: eight)
        let cells = QuadBook.cells(csimd_maximum(lanes, Lanes() - lanes) * (0.5 / scale))
        let (weights, products) = factors(group: group)
        let needsFlip = needsFlip(group: group)
        return target.bestPair(isFlipped: needsFlip, magnitudes) { half, isFlipped in
            let cell = Int(cells[half])
            let found = nearest.lines(
                half == 0 ? weights.lowHalf : weights.highHalf, half == 0 ? products.lowHalf : products.highHalf,
                cell: cell, needsFlip: needsFlip)
            let costs = csimd_multiply_add(
                found.slopes, Lanes(repeating: scale), isFlipped ? found.flipped : found.constants)
            let envelope = envelope(quad: 2 &* group &+ half, isFlipped: isFlipped)
            let others = envelope.costs(scale)
            let (least, other) = (csimd_least(costs), csimd_least(others))
            return other < least
                ? (envelope.word(others.indexOfLeast), other)
                : (nearest.word(costs.indexOfLeast, cell: cell), least)
        }
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
