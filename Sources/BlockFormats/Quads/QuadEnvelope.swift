import CSIMD

/// Words of a quad that are best under some scale, and their costs as straight lines: A times the scale, plus C.
struct QuadEnvelope {
    /// Sixteen slopes A, then as many C, infinite from the last line on, then as many numbers of words.
    private let floats: UnsafeMutablePointer<Float>
    private(set) var count: Int

    static let floatCount = 48

    /// - Parameters:
    ///   - floats: Room for ``floatCount`` values.
    ///   - count: How many lines are there.
    @inline(__always)
    init(_ floats: UnsafeMutablePointer<Float>, count: Int) {
        self.floats = floats
        self.count = count
    }

    /// The word of a line.
    @inline(__always)
    func word(_ place: Int) -> Int { Int(floats[32 &+ place]) }

    /// What all lines cost under a scale; infinite from the last line on.
    @inline(__always)
    func costs(_ scale: Float) -> Lanes {
        csimd_multiply_add(floats.lanes(0), Lanes(repeating: scale), floats.lanes(16))
    }

    /// The least costs under sixteen scales, and the lines that they lie on.
    struct Costs {
        var costs = Lanes(repeating: .infinity)
        var slopes = Lanes()
        var constants = Lanes()

        @inline(__always)
        static func + (first: Costs, second: Costs) -> Costs {
            Costs(
                costs: first.costs + second.costs, slopes: first.slopes + second.slopes,
                constants: first.constants + second.constants)
        }

        @inline(__always)
        static func += (sum: inout Costs, costs: Costs) { sum = sum + costs }

        /// The lesser one, scale by scale.
        @inline(__always)
        static func lesser(_ first: Costs, _ second: Costs) -> Costs {
            Costs(
                costs: csimd_minimum(second.costs, first.costs),
                slopes: csimd_where_less(second.costs, first.costs, second.slopes, first.slopes),
                constants: csimd_where_less(second.costs, first.costs, second.constants, first.constants))
        }
    }

    /// Keeps the lines that are lowest under sixteen scales, each once.
    ///
    /// - Parameters:
    ///   - places: Where these lines are, scale by scale.
    ///   - word: The word at a place.
    @inline(__always)
    mutating func keep(_ lowest: Costs, places: Lanes, word: (_ place: Int) -> Int) {
        count = 0
        floats.store(Lanes(), 0)
        floats.store(Lanes(repeating: .infinity), 16)
        var lanes = ~csimd_equal_mask(places, csimd_permute(places, Self.previous)) & 0xffff | 1
        while lanes != 0 {
            let lane = lanes.trailingZeroBitCount
            lanes &= lanes &- 1
            floats[count] = lowest.slopes[lane]
            floats[16 &+ count] = lowest.constants[lane]
            floats[32 &+ count] = Float(word(Int(places[lane])))
            count &+= 1
        }
    }

    /// The lane before; the first one has none but itself.
    private static let previous = SIMD16<Int32>(0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)

    /// The least costs under sixteen scales.
    @inline(__always)
    func least(_ scales: Lanes) -> Costs {
        var least = Costs()
        for place in 0..<count {
            let slope = Lanes(repeating: floats[place])
            let constant = Lanes(repeating: floats[16 &+ place])
            let costs = csimd_multiply_add(slope, scales, constant)
            least.slopes = csimd_where_less(costs, least.costs, slope, least.slopes)
            least.constants = csimd_where_less(costs, least.costs, constant, least.constants)
            least.costs = csimd_minimum(costs, least.costs)
        }
        return least
    }
}
