import CSIMD

/// The words of a quad that are best under some scale, with the coefficients of their costs: A and −2 B.
struct QuadEnvelope {
    /// Room for `capacity` of both coefficients and of the words' numbers, as floats.
    let floats: UnsafeMutablePointer<Float>
    let capacity: Int
    var count = 0

    @inline(__always)
    init(floats: UnsafeMutablePointer<Float>, capacity: Int, count: Int = 0) {
        self.floats = floats
        self.capacity = capacity
        self.count = count
    }

    @inline(__always)
    private var squares: UnsafeMutablePointer<Float> { floats }
    @inline(__always)
    private var products: UnsafeMutablePointer<Float> { floats + capacity }
    @inline(__always)
    private var words: UnsafeMutablePointer<Float> { floats + 2 &* capacity }

    /// The least costs under sixteen scales.
    struct Costs {
        var costs = Lanes(repeating: .infinity)
        var squares = Lanes()
        var products = Lanes()
    }

    /// Collects from the coefficients of all words at least those that are best between the first and the last of three
    /// scales.
    @inline(__always)
    mutating func collect(
        squares allSquares: UnsafePointer<Float>, products allProducts: UnsafePointer<Float>, wordCount: Int,
        scales: SIMD3<Float>
    ) {
        count = 0
        var least = (LeastCosts(), LeastCosts(), LeastCosts())
        for vector in 0..<wordCount >> 4 {
            let squares = allSquares.lanes(16 &* vector)
            let products = allProducts.lanes(16 &* vector)
            least.0.add(csimd_multiply_add(squares, Lanes(repeating: scales.x), products), vector: vector)
            least.1.add(csimd_multiply_add(squares, Lanes(repeating: scales.y), products), vector: vector)
            least.2.add(csimd_multiply_add(squares, Lanes(repeating: scales.z), products), vector: vector)
        }
        let best = (least.0.best.word, least.1.best.word, least.2.best.word)
        @inline(__always)
        func crossing(_ low: Int, _ high: Int, at scale: Float) -> (scales: Lanes, costs: Lanes) {
            Self.crossings(
                Lanes(repeating: allSquares[low]), Lanes(repeating: allProducts[low]),
                Lanes(repeating: allSquares[high]), Lanes(repeating: allProducts[high]), at: Lanes(repeating: scale))
        }
        let lower = crossing(best.0, best.1, at: scales.x)
        let upper = crossing(best.1, best.2, at: scales.y)
        // Sixty-four words at a time: few are kept, and which ones cannot be foreseen by the processor.
        for start in stride(from: 0, to: wordCount, by: 64) {
            var kept: UInt64 = 0
            for vector in 0..<4 {
                let squares = allSquares.lanes(start &+ 16 &* vector)
                let products = allProducts.lanes(start &+ 16 &* vector)
                let isAbove =
                    csimd_less_mask(lower.costs, csimd_multiply_add(squares, lower.scales, products))
                    & csimd_less_mask(upper.costs, csimd_multiply_add(squares, upper.scales, products))
                kept |= UInt64(~isAbove & 0xffff) << UInt64(16 &* vector)
            }
            while kept != 0 {
                let word = start &+ kept.trailingZeroBitCount
                kept &= kept &- 1
                squares[count] = allSquares[word]
                products[count] = allProducts[word]
                words[count] = Float(word)
                count &+= 1
            }
        }
    }

    /// Where the lines of the best words under two scales cross, and how high; for the same word it is the first scale.
    @inline(__always)
    private static func crossings(
        _ square: Lanes, _ product: Lanes, _ otherSquare: Lanes, _ otherProduct: Lanes, at first: Lanes
    ) -> (scales: Lanes, costs: Lanes) {
        let difference = square - otherSquare
        let scales = ((otherProduct - product) / difference).replacing(with: first, where: difference .<= 0)
        return (
            scales,
            csimd_maximum(
                csimd_multiply_add(square, scales, product), csimd_multiply_add(otherSquare, scales, otherProduct))
        )
    }

    /// Keeps of another envelope's words those that are best at or between sixteen ascending scales, and returns the least
    /// costs under these.
    @inline(__always)
    mutating func keep(_ other: QuadEnvelope, scales: Lanes) -> Costs {
        var least = Costs()
        for place in 0..<other.count {
            let square = Lanes(repeating: other.squares[place])
            let product = Lanes(repeating: other.products[place])
            let costs = csimd_multiply_add(square, scales, product)
            let isLess = costs .< least.costs
            least.squares.replace(with: square, where: isLess)
            least.products.replace(with: product, where: isLess)
            least.costs = csimd_minimum(costs, least.costs)
        }
        // The last lane crosses itself.
        let (crossings, bounds) = Self.crossings(
            least.squares, least.products, csimd_permute(least.squares, Self.next),
            csimd_permute(least.products, Self.next), at: scales)
        var kept = 0
        for place in 0..<other.count {
            let square = other.squares[place]
            let product = other.products[place]
            squares[kept] = square
            products[kept] = product
            words[kept] = other.words[place]
            let costs = csimd_multiply_add(Lanes(repeating: square), crossings, Lanes(repeating: product))
            kept &+= csimd_less_mask(bounds, costs) != 0xffff ? 1 : 0
            kept = min(kept, capacity &- 1)
        }
        count = kept
        var place = count
        while place & 15 != 0 {
            squares[place] = 0
            products[place] = .infinity
            place &+= 1
        }
        return least
    }

    private static let next = SIMD16<Int32>(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15)

    /// The least costs under sixteen scales, and A of the words that have them.
    @inline(__always)
    func least(_ scales: Lanes) -> Costs {
        var least = Costs()
        for place in 0..<count {
            let square = Lanes(repeating: squares[place])
            let costs = csimd_multiply_add(square, scales, Lanes(repeating: products[place]))
            least.squares.replace(with: square, where: costs .< least.costs)
            least.costs = csimd_minimum(costs, least.costs)
        }
        return least
    }

    /// A word, what it costs under some scale, and its A and −2 B.
    typealias Choice = (word: Int, cost: Float, square: Float, product: Float)

    /// The best word under a scale.
    @inline(__always)
    func best(_ scale: Float) -> Choice {
        var least = LeastCosts()
        for vector in 0..<(count &+ 15) >> 4 {
            least.add(
                csimd_multiply_add(
                    squares.lanes(16 &* vector), Lanes(repeating: scale), products.lanes(16 &* vector)),
                vector: vector)
        }
        let (place, cost) = least.best
        return (Int(words[place]), cost, squares[place], products[place])
    }

    @inline(__always)
    static func quadraticError(_ first: Choice, _ second: Choice) -> QuadraticError {
        QuadraticError(a: first.square + second.square, b: (first.product + second.product) * -0.5)
    }
}
