import CSIMD

/// The elements of a super-block of 256 with a lane to every sixteen of them, so that the scales of all parts are searched at
/// once: vector j has element j of each sixteen.
///
/// A part of 16 elements is a lane. A part of 32 elements is two lanes, p and p + 8, whose sums are added.
struct ElementColumns {
    private let floats: UnsafePointer<Float>
    private let partLength: Int

    /// - Parameters:
    ///   - partLength: 16 or 32.
    ///   - work: Room for 512 floats.
    @inline(__always)
    init(
        values: UnsafePointer<Float>, weights: UnsafePointer<Float>, partLength: Int, work: UnsafeMutablePointer<Float>
    ) {
        let (step, halfStep) = partLength == 16 ? (16, 128) : (32, 16)
        csimd_transpose(values, step, halfStep, work)
        csimd_transpose(weights, step, halfStep, work + 256)
        floats = UnsafePointer(work)
        self.partLength = partLength
    }

    @inline(__always)
    func values(_ index: Int) -> Lanes { floats.lanes(16 &* index) }

    @inline(__always)
    func weights(_ index: Int) -> Lanes { floats.lanes(256 &+ 16 &* index) }

    /// The sums of the parts, in each of their lanes.
    @inline(__always)
    func total(_ sums: Lanes) -> Lanes { partLength == 16 ? sums : sums + csimd_swap_halves(sums) }

    /// The least and the greatest element of each part.
    @inline(__always)
    var extremes: (least: Lanes, greatest: Lanes) {
        var least = values(0)
        var greatest = least
        for index in 1..<16 {
            least = csimd_minimum(least, values(index))
            greatest = csimd_maximum(greatest, values(index))
        }
        guard partLength == 32 else { return (least, greatest) }
        return (
            csimd_minimum(least, csimd_swap_halves(least)), csimd_maximum(greatest, csimd_swap_halves(greatest))
        )
    }
}
