import CSIMD

/// The costs of the words of a quad that are best under some scale, as straight lines: A times the scale, plus C.
struct QuadEnvelope {
    /// Room for `capacity` slopes A, then as many C, then as many numbers of words.
    let floats: UnsafeMutablePointer<Float>
    let capacity: Int
    var count = 0

    @inline(__always)
    private var slopes: UnsafeMutablePointer<Float> { floats }
    @inline(__always)
    private var constants: UnsafeMutablePointer<Float> { floats + capacity }
    /// The words whose lines they are, as whole numbers.
    @inline(__always)
    var words: UnsafeMutablePointer<Float> { floats + 2 &* capacity }

    /// The values that an envelope of some capacity needs.
    static func floatCount(_ capacity: Int) -> Int { 3 * capacity }

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
            let isSecond = second.costs .< first.costs
            return Costs(
                costs: first.costs.replacing(with: second.costs, where: isSecond),
                slopes: first.slopes.replacing(with: second.slopes, where: isSecond),
                constants: first.constants.replacing(with: second.constants, where: isSecond))
        }
    }

    /// Collects, from the lines of all words, at least those that are lowest between the first and the last of three
    /// scales.
    ///
    /// - Parameter wordCount: A multiple of 64, up to the capacity.
    @inline(__always)
    mutating func collect(
        slopes allSlopes: UnsafePointer<Float>, constants allConstants: UnsafePointer<Float>, wordCount: Int,
        scales: SIMD3<Float>
    ) {
        @inline(__always)
        func costs(_ scale: Float) -> (_ vector: Int) -> Lanes {
            { vector in
                csimd_multiply_add(
                    allSlopes.lanes(16 &* vector), Lanes(repeating: scale), allConstants.lanes(16 &* vector))
            }
        }
        var least = (LeastIndex(), LeastIndex(), LeastIndex())
        for place in stride(from: 0, to: wordCount >> 4, by: 4) {
            least.0.add(place: place, costs(scales.x))
            least.1.add(place: place, costs(scales.y))
            least.2.add(place: place, costs(scales.z))
        }
        let best = (
            least.0.index(costs(scales.x)), least.1.index(costs(scales.y)), least.2.index(costs(scales.z))
        )
        @inline(__always)
        func crossing(_ low: Int, _ high: Int, at scale: Float) -> (scales: Lanes, costs: Lanes) {
            Self.crossings(
                Lanes(repeating: allSlopes[low]), Lanes(repeating: allConstants[low]),
                Lanes(repeating: allSlopes[high]), Lanes(repeating: allConstants[high]), at: Lanes(repeating: scale))
        }
        let lower = crossing(best.0, best.1, at: scales.x)
        let upper = crossing(best.1, best.2, at: scales.y)
        // Sixty-four words at a time: few are kept, and which ones the processor cannot foresee.
        count = 0
        for start in stride(from: 0, to: wordCount, by: 64) {
            var kept: UInt64 = 0
            for vector in 0..<4 {
                let slopes = allSlopes.lanes(start &+ 16 &* vector)
                let constants = allConstants.lanes(start &+ 16 &* vector)
                let isAbove =
                    csimd_less_mask(lower.costs, csimd_multiply_add(slopes, lower.scales, constants))
                    & csimd_less_mask(upper.costs, csimd_multiply_add(slopes, upper.scales, constants))
                kept |= UInt64(~isAbove & 0xffff) << UInt64(16 &* vector)
            }
            while kept != 0 {
                let word = start &+ kept.trailingZeroBitCount
                kept &= kept &- 1
                slopes[count] = allSlopes[word]
                constants[count] = allConstants[word]
                words[count] = Float(word)
                count &+= 1
            }
        }
    }

    /// Where the lowest lines under two scales cross, and how high; the same line under both is taken under the first.
    @inline(__always)
    private static func crossings(
        _ slope: Lanes, _ constant: Lanes, _ otherSlope: Lanes, _ otherConstant: Lanes, at first: Lanes
    ) -> (scales: Lanes, costs: Lanes) {
        let difference = slope - otherSlope
        let scales = ((otherConstant - constant) / difference).replacing(with: first, where: difference .<= 0)
        return (
            scales,
            csimd_maximum(
                csimd_multiply_add(slope, scales, constant), csimd_multiply_add(otherSlope, scales, otherConstant))
        )
    }

    /// Keeps, from another envelope, the lines that are lowest at or between sixteen ascending scales, and returns the least
    /// costs under these. Beyond the capacity some may be lost.
    @inline(__always)
    mutating func keep(_ other: QuadEnvelope, scales: Lanes) -> Costs {
        let least = other.least(scales)
        let (crossings, bounds) = Self.crossings(
            least.slopes, least.constants, csimd_permute(least.slopes, Self.next),
            csimd_permute(least.constants, Self.next), at: scales)
        count = 0
        for place in 0..<other.count {
            let slope = other.slopes[place]
            let constant = other.constants[place]
            slopes[count] = slope
            constants[count] = constant
            words[count] = other.words[place]
            let costs = csimd_multiply_add(Lanes(repeating: slope), crossings, Lanes(repeating: constant))
            if csimd_less_mask(bounds, costs) != 0xffff { count = min(count &+ 1, capacity &- 1) }
        }
        return least
    }

    /// The next lane; the last one has none but itself.
    private static let next = SIMD16<Int32>(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15)

    /// The least costs under sixteen scales.
    @inline(__always)
    func least(_ scales: Lanes) -> Costs {
        var least = Costs()
        for place in 0..<count {
            let slope = Lanes(repeating: slopes[place])
            let constant = Lanes(repeating: constants[place])
            let costs = csimd_multiply_add(slope, scales, constant)
            let isLess = costs .< least.costs
            least.slopes.replace(with: slope, where: isLess)
            least.constants.replace(with: constant, where: isLess)
            least.costs = csimd_minimum(costs, least.costs)
        }
        return least
    }
}
