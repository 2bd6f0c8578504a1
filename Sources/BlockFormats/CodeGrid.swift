import CSIMD

/// The levels that the codes of a format with one scale stand for, before the scale.
protocol CodeGrid: Sendable {
    /// The least and the greatest level.
    var lowest: Float { get }
    var highest: Float { get }

    /// The level nearest to each lane.
    func nearest(_ lanes: Lanes) -> Lanes

    /// The code of the level nearest to each lane.
    func codes(_ lanes: Lanes) -> SIMD16<UInt8>
}

/// All whole numbers of a range; codes count from its lower end.
struct IntegerGrid: CodeGrid {
    let lowest: Float
    let highest: Float

    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes {
        csimd_minimum(csimd_maximum(csimd_round(lanes), Lanes(repeating: lowest)), Lanes(repeating: highest))
    }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> { csimd_to_bytes(nearest(lanes) - lowest) }
}

/// Sixteen levels in ascending order, at any distances.
struct SixteenLevelGrid: CodeGrid {
    let levels: Lanes
    /// Lane i holds the middle between levels i − 1 and i.
    private let middles: Lanes

    init(levels: Lanes) {
        self.levels = levels
        var middles = Lanes()
        for index in 1..<16 { middles[index] = (levels[index - 1] + levels[index]) / 2 }
        self.middles = middles
    }

    var lowest: Float { levels[0] }
    var highest: Float { levels[15] }

    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes { csimd_permute(levels, indices(lanes)) }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> { SIMD16<UInt8>(truncatingIfNeeded: indices(lanes)) }

    /// Binary search, one table look-up per step.
    @inline(__always)
    private func indices(_ lanes: Lanes) -> SIMD16<Int32> {
        var index = SIMD16<Int32>()
        for step in [8, 4, 2, 1] as [Int32] {
            let upper = index &+ step
            index.replace(with: upper, where: csimd_permute(middles, upper) .<= lanes)
        }
        return index
    }
}
