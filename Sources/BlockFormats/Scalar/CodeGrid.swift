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

    /// The levels that codes stand for.
    func levels(_ codes: SIMD16<UInt8>) -> Lanes

    /// The grid's levels for one number at a time.
    var ladder: LevelLadder { get }

    /// How far the levels that codes stand for, all of which are whole numbers, are above the lowest.
    func numbers(_ codes: SIMD16<UInt8>, lowest: Float) -> SIMD16<UInt8>
}

extension CodeGrid {
    /// Whether a scale and its opposite have the same levels.
    @inline(__always)
    var isSymmetric: Bool { lowest == -highest }

    @inline(__always)
    func numbers(_ codes: SIMD16<UInt8>, lowest: Float) -> SIMD16<UInt8> { csimd_to_bytes(levels(codes) - lowest) }
}

/// A grid whose levels are all whole numbers of a range.
struct IntegerGrid: CodeGrid {
    let lowest: Float
    let highest: Float
    /// The code of level 0.
    private let zeroCode: Float
    var ladder: LevelLadder { LevelLadder(lowest: lowest, highest: highest) }

    /// - Parameters:
    ///   - zeroCode: The code of level 0; by default codes count from the lowest level.
    init(lowest: Float, highest: Float, zeroCode: Float? = nil) {
        self.lowest = lowest
        self.highest = highest
        self.zeroCode = zeroCode ?? -lowest
    }

    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes {
        csimd_minimum(csimd_maximum(csimd_round(lanes), Lanes(repeating: lowest)), Lanes(repeating: highest))
    }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> { csimd_to_bytes(nearest(lanes) + zeroCode) }

    @inline(__always)
    func levels(_ codes: SIMD16<UInt8>) -> Lanes { Lanes(codes: codes) - zeroCode }

    /// Codes are such numbers already, but for those of a grid that has less levels than codes.
    @inline(__always)
    func numbers(_ codes: SIMD16<UInt8>, lowest: Float) -> SIMD16<UInt8> {
        codes &- UInt8(truncatingIfNeeded: Int32(zeroCode + lowest))
    }
}

/// Sixteen levels in ascending order, at any distances.
///
/// Numbers are put into sixteen drawers of equal width. In each of them there is at most one middle between two levels, so that
/// a number is nearest to one of two levels, which a single comparison tells apart.
struct SixteenLevelGrid: CodeGrid {
    let levels: Lanes
    let ladder: LevelLadder
    /// A number times this, plus ``firstDrawer``, and rounded down, is its drawer; there are none below 0 and above 15.
    private let drawersPerUnit: Float
    private let firstDrawer: Float
    /// Per drawer the middle from which on the upper of its two levels is taken.
    private let middles: Lanes
    private let lowerLevels: Lanes
    private let upperLevels: Lanes
    private let lowerCodes: Lanes

    /// - Parameters:
    ///   - drawerWidth: How wide drawers are.
    ///   - drawerStart: Where the lowest of them, to which all lower numbers belong too, starts.
    init(levels: Lanes, drawerWidth: Float, drawerStart: Float) {
        self.levels = levels
        ladder = LevelLadder(lowest: levels[0], highest: levels[15], levels: (0..<16).map { levels[$0] })
        drawersPerUnit = 1 / drawerWidth
        firstDrawer = -drawerStart / drawerWidth
        let allMiddles = (0..<15).map { index -> Float in (levels[index] + levels[index + 1]) / 2 }
        var tables = (middles: Lanes(repeating: .infinity), lower: Lanes(), upper: Lanes(), codes: Lanes())
        for drawer in 0..<16 {
            let start = drawerStart + drawerWidth * Float(drawer)
            let code = drawer > 0 ? allMiddles.count { $0 < start } : 0
            let inside = allMiddles.dropFirst(code).filter { drawer == 15 || $0 < start + drawerWidth }
            precondition(inside.count < 2, "a drawer has more than two levels")
            if let middle = inside.first { tables.middles[drawer] = middle }
            tables.codes[drawer] = Float(code)
            tables.lower[drawer] = levels[code]
            tables.upper[drawer] = levels[min(code + 1, 15)]
        }
        (middles, lowerLevels, upperLevels, lowerCodes) = (tables.middles, tables.lower, tables.upper, tables.codes)
    }

    var lowest: Float { levels[0] }
    var highest: Float { levels[15] }

    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes {
        let drawers = drawers(lanes)
        return csimd_permute(lowerLevels, drawers)
            .replacing(with: csimd_permute(upperLevels, drawers), where: csimd_permute(middles, drawers) .<= lanes)
    }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> {
        let drawers = drawers(lanes)
        let lower = csimd_permute(lowerCodes, drawers)
        return csimd_to_bytes(lower.replacing(with: lower + 1, where: csimd_permute(middles, drawers) .<= lanes))
    }

    @inline(__always)
    func levels(_ codes: SIMD16<UInt8>) -> Lanes { csimd_permute(levels, SIMD16<Int32>(truncatingIfNeeded: codes)) }

    @inline(__always)
    private func drawers(_ lanes: Lanes) -> SIMD16<Int32> {
        let places = csimd_multiply_add(lanes, Lanes(repeating: drawersPerUnit), Lanes(repeating: firstDrawer))
        return csimd_to_integers(csimd_minimum(csimd_maximum(places, Lanes()), Lanes(repeating: 15)))
    }
}

/// Plus and minus one, with the codes 1 and 0.
struct SignGrid: CodeGrid {
    private static let ladder = LevelLadder(lowest: -1, highest: 1, levels: [-1, 1])
    var ladder: LevelLadder { Self.ladder }
    var lowest: Float { -1 }
    var highest: Float { 1 }

    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes { Lanes(repeating: -1).replacing(with: 1, where: lanes .>= 0) }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> { csimd_to_bytes(Lanes().replacing(with: 1, where: lanes .>= 0)) }

    @inline(__always)
    func levels(_ codes: SIMD16<UInt8>) -> Lanes { Lanes(codes: codes) * 2 - 1 }
}

/// The 4-bit floats of the OCP microscaling formats (E2M1), doubled to be whole: 0, 1, 2, 3, 4, 6, 8, 12 and their opposites.
///
/// A code has the sign in bit 3 and the place of the magnitude in the others.
struct FourBitFloatGrid: CodeGrid {
    private static let ladder = LevelLadder(
        lowest: -12, highest: 12, levels: [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12])
    var ladder: LevelLadder { Self.ladder }
    var lowest: Float { -12 }
    var highest: Float { 12 }

    private let valuesByCode = Lanes(0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12)
    private let codesByMagnitude = Lanes(0, 1, 2, 3, 4, 0, 5, 0, 6, 0, 0, 0, 7, 0, 0, 0)

    /// Magnitudes from 4 on are two, from 8 on four apart.
    @inline(__always)
    func nearest(_ lanes: Lanes) -> Lanes {
        let magnitudes = csimd_maximum(lanes, -lanes)
        var steps = Lanes(repeating: 1)
        steps.replace(with: 2, where: magnitudes .>= 4)
        steps.replace(with: 4, where: magnitudes .>= 8)
        var inverses = Lanes(repeating: 1)
        inverses.replace(with: 0.5, where: magnitudes .>= 4)
        inverses.replace(with: 0.25, where: magnitudes .>= 8)
        let rounded = csimd_round(lanes * inverses) * steps
        return csimd_minimum(csimd_maximum(rounded, Lanes(repeating: -12)), Lanes(repeating: 12))
    }

    @inline(__always)
    func codes(_ lanes: Lanes) -> SIMD16<UInt8> {
        let levels = nearest(lanes)
        let places = csimd_permute(codesByMagnitude, csimd_to_integers(csimd_maximum(levels, -levels)))
        return csimd_to_bytes(places.replacing(with: places + 8, where: levels .< 0))
    }

    @inline(__always)
    func levels(_ codes: SIMD16<UInt8>) -> Lanes {
        csimd_permute(valuesByCode, SIMD16<Int32>(truncatingIfNeeded: codes))
    }
}
