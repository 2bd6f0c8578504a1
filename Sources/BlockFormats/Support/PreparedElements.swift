import CSIMD

/// Up to 256 elements of a row, made ready for the search for scales and codes.
///
/// The values are divided by a power of two, their `unit`, so that the greatest lies between 1 and 2: neither their squares
/// nor the sums of these can overflow, and the division changes no digit. What an element weighs is the policy's.
struct PreparedElements {
    private(set) var values: UnsafeMutablePointer<Float>
    private(set) var weights: UnsafeMutablePointer<Float>
    /// The power of two that the values were divided by.
    let unit: Float
    private var importance: UnsafePointer<Float>?
    private let importanceFactor: Float

    /// Elements below this magnitude give scales that half precision rounds to zero in every format.
    private static let vanishing: Float = 0x1p-40
    /// Importances are taken as at least this fraction of the greatest, which keeps all sums of weights above zero.
    private static let leastImportance: Float = 0x1p-40

    /// Prepares `count` elements, a multiple of 16 up to 256; nil if they are all (as good as) zero.
    ///
    /// Elements that are not finite count as zero, importances that are negative or NaN as zero.
    init?(
        _ row: UnsafePointer<Float>, count: Int, importance: UnsafePointer<Float>?, policy: EncodingPolicy,
        values: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>
    ) {
        var greatest = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            var lanes = row.lanes(start)
            lanes.replace(with: 0, where: (lanes * 0) .!= 0)
            values.store(lanes, start)
            greatest = csimd_maximum(greatest, csimd_maximum(lanes, -lanes))
        }
        let peak = -csimd_least(-greatest)
        guard peak >= Self.vanishing else { return nil }
        unit = Float(bitPattern: peak.bitPattern & 0x7f80_0000)
        self.values = values
        self.weights = weights

        var squares = Lanes()
        let factor = Lanes(repeating: 1 / unit)
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = values.lanes(start) * factor
            values.store(lanes, start)
            squares = csimd_multiply_add(lanes, lanes, squares)
        }
        let variance = Lanes(repeating: csimd_sum(squares) / Float(count))
        self.importance = importance
        importanceFactor = Self.importanceFactor(importance, count: count)
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = values.lanes(start)
            let square = csimd_multiply_add(lanes, lanes, variance)
            weights.store(Self.elementWeights(square, policy.elementWeight) * shares(start), start)
        }
    }

    /// The elements from the one numbered `count` on.
    @inline(__always)
    func dropFirst(_ count: Int) -> PreparedElements {
        var rest = self
        rest.values += count
        rest.weights += count
        rest.importance = importance.map { $0 + count }
        return rest
    }

    /// The greatest magnitude among the first elements, a multiple of 16.
    @inline(__always)
    func greatestMagnitude(_ count: Int) -> Float {
        var greatest = Lanes()
        for start in stride(from: 0, to: count, by: 16) {
            let lanes = values.lanes(start)
            greatest = csimd_maximum(greatest, csimd_maximum(lanes, -lanes))
        }
        return -csimd_least(-greatest)
    }

    @inline(__always)
    private static func elementWeights(_ squares: Lanes, _ weight: EncodingPolicy.ElementWeight) -> Lanes {
        switch weight {
        case .importance: Lanes(repeating: 1)
        case .fourthRoot: csimd_square_root(csimd_square_root(squares))
        case .squareRoot: csimd_square_root(squares)
        }
    }

    /// The importances of sixteen elements as parts of the greatest; ones if all importances are equal or not given.
    @inline(__always)
    func shares(_ start: Int) -> Lanes {
        guard let importance, importanceFactor > 0 else { return Lanes(repeating: 1) }
        let shares = importance.lanes(start) * importanceFactor
        return csimd_minimum(csimd_maximum(shares, Lanes(repeating: Self.leastImportance)), Lanes(repeating: 1))
    }

    /// What to multiply importances by so that the greatest becomes one; 0 if they are to be taken as equal.
    private static func importanceFactor(_ importance: UnsafePointer<Float>?, count: Int) -> Float {
        guard let importance else { return 0 }
        var greatest = Lanes()
        for start in stride(from: 0, to: count, by: 16) { greatest = csimd_maximum(importance.lanes(start), greatest) }
        let peak = min(-csimd_least(-greatest), .greatestFiniteMagnitude)
        return peak >= .leastNormalMagnitude ? 1 / peak : 0
    }

    /// The nearest scales that half precision can hold, in units of the prepared values; never infinite.
    @inline(__always)
    func storable(_ scales: Lanes) -> Lanes {
        let limit = Lanes(repeating: 65504)
        return csimd_round_to_half(csimd_minimum(csimd_maximum(scales * unit, -limit), limit)) * (1 / unit)
    }

    @inline(__always)
    func storable(_ scale: Float) -> Float { storable(Lanes(repeating: scale))[0] }
}
