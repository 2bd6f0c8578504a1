import CSIMD

extension QuadSearch {
    /// The words of a quad that are best under some scale, with A and −2 B of each.
    struct Envelope {
        let floats: UnsafeMutablePointer<Float>

        /// Beyond this many words some may be left out; a thousandth of all quads has more.
        private static let capacity = 48
        static let floatCount = 16 + 3 * capacity

        /// The scales between which all best words are found, and where to look for them first, in units of the least scale
        /// that covers all elements of the part.
        static let scales = SIMD8<Float>(0.55, 0.71, 0.91, 1.17, 1.5, 0, 0, 0)

        @inline(__always)
        private var count: Int { Int(floats.pointee) }
        @inline(__always)
        private var squares: UnsafeMutablePointer<Float> { floats + 16 }
        @inline(__always)
        private var products: UnsafeMutablePointer<Float> { floats + (16 &+ Self.capacity) }
        @inline(__always)
        private var words: UnsafeMutablePointer<Float> { floats + (16 &+ 2 &* Self.capacity) }

        /// Collects the words, given A and −2 B of all.
        @inline(__always)
        func fill(
            squares allSquares: UnsafePointer<Float>, products allProducts: UnsafePointer<Float>, count: Int,
            _ scales: SIMD8<Float>
        ) {
            var least = (LeastCosts(), LeastCosts(), LeastCosts(), LeastCosts(), LeastCosts())
            for vector in 0..<count >> 4 {
                let squares = allSquares.lanes(16 &* vector)
                let products = allProducts.lanes(16 &* vector)
                @inline(__always)
                func costs(_ index: Int) -> Lanes {
                    csimd_multiply_add(squares, Lanes(repeating: scales[index]), products)
                }
                least.0.add(costs(0), vector: vector)
                least.1.add(costs(1), vector: vector)
                least.2.add(costs(2), vector: vector)
                least.3.add(costs(3), vector: vector)
                least.4.add(costs(4), vector: vector)
            }
            let words = (least.0.best.word, least.1.best.word, least.2.best.word, least.3.best.word, least.4.best.word)
            @inline(__always)
            func crossing(_ low: Int, _ high: Int, _ index: Int) -> (scale: Lanes, cost: Lanes) {
                let difference = allSquares[low] - allSquares[high]
                let scale = difference > 0 ? (allProducts[high] - allProducts[low]) / difference : scales[index]
                let scales = Lanes(repeating: scale)
                let first = csimd_multiply_add(
                    Lanes(repeating: allSquares[low]), scales, Lanes(repeating: allProducts[low]))
                let second = csimd_multiply_add(
                    Lanes(repeating: allSquares[high]), scales, Lanes(repeating: allProducts[high]))
                return (scales, csimd_maximum(first, second))
            }
            let crossings = (
                crossing(words.0, words.1, 0), crossing(words.1, words.2, 1), crossing(words.2, words.3, 2),
                crossing(words.3, words.4, 3)
            )
            var place = 0
            for vector in 0..<count >> 4 {
                let squares = allSquares.lanes(16 &* vector)
                let products = allProducts.lanes(16 &* vector)
                @inline(__always)
                func above(_ crossing: (scale: Lanes, cost: Lanes)) -> UInt32 {
                    csimd_less_mask(crossing.cost, csimd_multiply_add(squares, crossing.scale, products))
                }
                var mask = ~(above(crossings.0) & above(crossings.1) & above(crossings.2) & above(crossings.3)) & 0xffff
                while mask != 0, place < Self.capacity {
                    let word = 16 &* vector &+ mask.trailingZeroBitCount
                    mask &= mask &- 1
                    self.squares[place] = allSquares[word]
                    self.products[place] = allProducts[word]
                    self.words[place] = Float(word)
                    place &+= 1
                }
            }
            floats.pointee = Float(place)
            while place & 15 != 0 {
                self.squares[place] = 0
                self.products[place] = .infinity
                self.words[place] = 0
                place &+= 1
            }
        }

        /// The least costs under sixteen scales, and A of the words that have them.
        @inline(__always)
        func least(_ scales: Lanes) -> (costs: Lanes, squares: Lanes) {
            var least = Lanes(repeating: .infinity)
            var squares = Lanes()
            for place in 0..<count {
                let square = Lanes(repeating: self.squares[place])
                let costs = csimd_multiply_add(square, scales, Lanes(repeating: products[place]))
                squares.replace(with: square, where: costs .< least)
                least = csimd_minimum(costs, least)
            }
            return (least, squares)
        }

        /// The best word under a scale.
        @inline(__always)
        func best(_ scale: Float) -> (word: Int, cost: Float, square: Float, product: Float) {
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
    }
}
