import CSIMD

/// The costs of the 81 possible first, or of the 81 possible second halves of a code word, in 96 lanes of which the last repeat
/// the 81st.
struct HalfWordCosts {
    private let costs: UnsafePointer<Float>
    /// The least of them.
    let least: Float

    static let floatCount = 96

    /// Takes sixteen costs at a time from a function of the vector's number.
    ///
    /// - Parameters:
    ///   - floats: Room for ``floatCount`` values.
    @inline(__always)
    init(_ floats: UnsafeMutablePointer<Float>, _ vectors: (_ vector: Int) -> Lanes) {
        var least = Lanes(repeating: .infinity)
        for vector in 0..<6 {
            let lanes = vectors(vector)
            floats.store(lanes, 16 &* vector)
            least = csimd_minimum(least, lanes)
        }
        costs = UnsafePointer(floats)
        self.least = csimd_least(least)
    }

    @inline(__always)
    subscript(half: Int) -> Float { costs[half] }

    /// The least cost among the half words of a set.
    @inline(__always)
    func least(among set: UnsafePointer<HalfWordSet>) -> Float {
        var least = Lanes(repeating: .infinity)
        for vector in 0..<6 {
            // Sixteen bits tell what to select, and those above them nothing.
            let mask = UnsafeRawPointer(set).uint32(2 &* vector)
            least = csimd_minimum(
                least, csimd_select(mask, costs.lanes(16 &* vector), Lanes(repeating: .infinity)))
        }
        return csimd_least(least)
    }

    /// The half words that cost less than a limit when `other` is added.
    @inline(__always)
    func adding(_ other: Float, below limit: Float) -> HalfWordSet {
        let (other, limit) = (Lanes(repeating: other), Lanes(repeating: limit))
        return HalfWordSet {
            csimd_less_mask_of_32(costs.lanes(32 &* $0) + other, costs.lanes(32 &* $0 &+ 16) + other, limit)
        }
    }

    /// The first half word that costs exactly this, among those of a set.
    @inline(__always)
    func first(costing cost: Float, among set: HalfWordSet = .all) -> Int {
        let lanes = Lanes(repeating: cost)
        let equal = HalfWordSet {
            csimd_equal_mask_of_32(costs.lanes(32 &* $0), costs.lanes(32 &* $0 &+ 16), lanes)
        }
        return equal.intersection(set).first
    }
}

/// A set of half words, taken out in ascending order.
struct HalfWordSet: Sendable {
    var low: UInt64
    var high: UInt64

    static let all = HalfWordSet(low: .max, high: 0x1ffff)

    @inline(__always)
    init(low: UInt64, high: UInt64) {
        self.low = low
        self.high = high
    }

    /// Takes 32 bits at a time from a function of the word's number, the 81st bit being the last.
    @inline(__always)
    init(_ bits: (_ word: Int) -> UInt32) {
        low = UInt64(bits(0)) | UInt64(bits(1)) << 32
        high = UInt64(bits(2) & 0x1ffff)
    }

    @inline(__always)
    func intersection(_ other: HalfWordSet) -> HalfWordSet {
        HalfWordSet(low: low & other.low, high: high & other.high)
    }

    /// The first half word; the last of all if the set is empty.
    @inline(__always)
    var first: Int { low != 0 ? low.trailingZeroBitCount : min(80, 64 &+ high.trailingZeroBitCount) }

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
