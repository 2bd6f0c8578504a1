import CSIMD

/// A format whose blocks have one half-precision scale, in their first two bytes.
protocol SingleScaleCodec: ScalarCodec {
    static var search: ScaleSearch<Grid> { get }
}

/// A format whose blocks have one half-precision scale and then one half-precision minimum.
protocol SingleAffineCodec: ScalarCodec {
    static var search: AffineSearch { get }
}

/// Factors around one, for a last choice among neighbouring scales that half precision holds.
private var neighbours: Lanes { (Lanes.ramp - 7) * 0.002 + 1 }

extension SingleScaleCodec {
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { 0 }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(0) }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let search = Self.search
        let scale = search.bestScale(elements.values, elements.weights, count: 32)
        let scales = elements.storable(neighbours * scale)
        let errors = search.grid.errors(elements.values, elements.weights, count: 32, scales: scales)
        block.storeHalf(scales[errors.indexOfLeast] * elements.unit, 0)
    }
}

extension SingleAffineCodec {
    static var partCount: Int { 1 }
    static var vectorsPerPart: Int { 2 }
    static var factorOffset: Int? { 0 }
    static var minimumFactorOffset: Int? { 2 }

    @inline(__always)
    static func scale(_ block: UnsafeRawPointer, _ part: Int) -> Float { block.half(0) }

    @inline(__always)
    static func minimum(_ block: UnsafeRawPointer, _ part: Int) -> Float? { block.half(2) }

    func storeScales(
        of elements: PreparedElements, into block: UnsafeMutableRawPointer, room: UnsafeMutablePointer<Float>
    ) {
        let search = Self.search
        let fit = search.bestFit(elements.values, elements.weights, count: 32)
        let scales = elements.storable(neighbours * fit.scale)
        // A wider step leaves the middle of the range where it is.
        let minima = elements.storable((Lanes(repeating: fit.scale) - scales) * (search.highest / 2) + fit.minimum)
        let errors = search.errors(elements.values, elements.weights, count: 32, scales: scales, minima: minima)
        let lane = errors.indexOfLeast
        block.storeHalf(scales[lane] * elements.unit, 0)
        block.storeHalf(minima[lane] * elements.unit, 2)
    }
}
