import CSIMD

/// The search for the least of many costs that are computed sixteen at a time.
///
/// Which four vectors have the least cost of a lane is all that is kept on the way; where it is exactly is asked at the end.
struct LeastIndex {
    private var least = Lanes(repeating: .infinity)
    private var places = SIMD16<Int32>()

    /// Adds the costs of four vectors, given by the number of the first.
    @inline(__always)
    mutating func add(place: Int, _ costs: (_ vector: Int) -> Lanes) {
        let cost = csimd_minimum(
            csimd_minimum(costs(place), costs(place &+ 1)), csimd_minimum(costs(place &+ 2), costs(place &+ 3)))
        let isLess = cost .< least
        least.replace(with: cost, where: isLess)
        places.replace(with: SIMD16(repeating: Int32(truncatingIfNeeded: place)), where: isLess)
    }

    /// The number of the least cost, given the same costs again.
    @inline(__always)
    func index(_ costs: (_ vector: Int) -> Lanes) -> Int {
        let lane = least.indexOfLeast
        let cost = Lanes(repeating: least[lane])
        let place = Int(places[lane])
        let matches = (0..<4).reduce(UInt64(0)) { matches, vector in
            matches | UInt64(csimd_equal_mask(costs(place &+ vector), cost)) &<< UInt64(16 &* vector)
        }
        return 16 &* place &+ (matches.trailingZeroBitCount & 63)
    }

    /// The number of the least cost of a multiple of four vectors.
    @inline(__always)
    static func index(vectorCount: Int, _ costs: (_ vector: Int) -> Lanes) -> Int {
        var least = LeastIndex()
        for place in stride(from: 0, to: vectorCount, by: 4) { least.add(place: place, costs) }
        return least.index(costs)
    }
}
