import CSIMD

/// The costs of the 81 possible halves of an code word, in 96 lanes of which the last repeat the 81st.
struct HalfWordCosts {
    let vectors: (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

    @inline(__always)
    var least: Float {
        csimd_least(
            csimd_minimum(
                csimd_minimum(csimd_minimum(vectors.0, vectors.1), csimd_minimum(vectors.2, vectors.3)),
                csimd_minimum(vectors.4, vectors.5)))
    }

    /// The least cost among the half words that six masks of sixteen bits name.
    @inline(__always)
    func least(among masks: UnsafePointer<UInt16>) -> Float {
        let infinity = Lanes(repeating: .infinity)
        let low = csimd_minimum(
            csimd_select(UInt32(masks[0]), vectors.0, infinity), csimd_select(UInt32(masks[1]), vectors.1, infinity))
        let middle = csimd_minimum(
            csimd_select(UInt32(masks[2]), vectors.2, infinity), csimd_select(UInt32(masks[3]), vectors.3, infinity))
        let high = csimd_minimum(
            csimd_select(UInt32(masks[4]), vectors.4, infinity), csimd_select(UInt32(masks[5]), vectors.5, infinity))
        return csimd_least(csimd_minimum(csimd_minimum(low, middle), high))
    }

    /// The half words that cost less than a bound.
    @inline(__always)
    func places(below bound: Float) -> Places {
        let lanes = Lanes(repeating: bound)
        return Places(
            low: UInt64(csimd_less_mask(vectors.0, lanes)) | UInt64(csimd_less_mask(vectors.1, lanes)) << 16
                | UInt64(csimd_less_mask(vectors.2, lanes)) << 32 | UInt64(csimd_less_mask(vectors.3, lanes)) << 48,
            high: UInt64(csimd_less_mask(vectors.4, lanes)) | UInt64(csimd_less_mask(vectors.5, lanes) & 1) << 16)
    }

    /// The first half word with exactly this cost.
    @inline(__always)
    func index(of cost: Float) -> Int {
        let lanes = Lanes(repeating: cost)
        let low =
            UInt64(csimd_equal_mask(vectors.0, lanes)) | UInt64(csimd_equal_mask(vectors.1, lanes)) << 16
            | UInt64(csimd_equal_mask(vectors.2, lanes)) << 32 | UInt64(csimd_equal_mask(vectors.3, lanes)) << 48
        let high = UInt64(csimd_equal_mask(vectors.4, lanes)) | 0x10000
        return low != 0 ? low.trailingZeroBitCount : 64 &+ high.trailingZeroBitCount
    }

    /// The first half word with exactly this cost among those that six masks of sixteen bits name.
    @inline(__always)
    func index(of cost: Float, among masks: UnsafePointer<UInt16>) -> Int {
        let infinity = Lanes(repeating: .infinity)
        return HalfWordCosts(
            vectors: (
                csimd_select(UInt32(masks[0]), vectors.0, infinity),
                csimd_select(UInt32(masks[1]), vectors.1, infinity),
                csimd_select(UInt32(masks[2]), vectors.2, infinity),
                csimd_select(UInt32(masks[3]), vectors.3, infinity),
                csimd_select(UInt32(masks[4]), vectors.4, infinity),
                csimd_select(UInt32(masks[5]), vectors.5, infinity)
            )
        ).index(of: cost)
    }

    /// A set of half words, taken out in ascending order.
    struct Places {
        private var low: UInt64
        private var high: UInt64

        @inline(__always)
        init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        @inline(__always)
        mutating func remove(_ place: Int) {
            if place < 64 { low &= ~(1 &<< UInt64(place)) } else { high &= ~(1 &<< UInt64(place &- 64)) }
        }

        @inline(__always)
        mutating func removeFirst() -> Int? {
            if low != 0 {
                let place = low.trailingZeroBitCount
                low &= low &- 1
                return place
            }
            guard high != 0 else { return nil }
            let place = high.trailingZeroBitCount
            high &= high &- 1
            return 64 &+ place
        }
    }
}

extension HalfWordCosts {
    /// Takes sixteen costs at a time from a function of the vector's number.
    @inline(__always)
    init(_ costs: (_ vector: Int) -> Lanes) { vectors = (costs(0), costs(1), costs(2), costs(3), costs(4), costs(5)) }
}
