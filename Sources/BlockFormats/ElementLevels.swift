import CSIMD

/// A codec whose elements have a code each, so that the values an element can become do not depend on other elements.
public protocol ElementCodec: QuantizingCodec {
    /// The values that the codes of a part can stand for.
    ///
    /// - Parameters:
    ///   - part: The number of the part in the block.
    ///   - step: How the part's scale is to be moved first; the block stays as it is.
    ///   - block: An encoded block, `type.blockByteCount` bytes.
    /// - Returns: nil if there is no such scale.
    func elementLevels(ofPart part: Int, movedBy step: ScaleStep, in block: UnsafeRawPointer) -> ElementLevels?
}

/// The values that the elements of a part can become: up to sixteen levels, or whole numbers of a range, times a scale,
/// plus a minimum.
///
/// Levels are at least one scale apart.
public struct ElementLevels: Sendable {
    /// The distance between the values of two neighbouring whole levels; it may be negative or 0.
    public let scale: Float
    /// The number that is added to every level times ``scale``; 0 in formats without minima.
    public let minimum: Float
    /// 1 / ``scale``, or 0 if the scale is 0.
    @usableFromInline let inverseScale: Float
    @usableFromInline let ladder: LevelLadder

    init(_ ladder: LevelLadder, scale: Float, minimum: Float?) {
        self.ladder = ladder
        self.scale = scale
        self.minimum = minimum ?? 0
        inverseScale = scale != 0 ? 1 / scale : 0
    }

    /// The value, among those that a code can stand for, that is nearest to `value`.
    @inlinable @inline(__always)
    public func nearest(_ value: Float) -> Float { ladder.nearest((value - minimum) * inverseScale) * scale + minimum }

    /// What `value`, which is one of these values, becomes under `other` levels when its code stays.
    @inlinable @inline(__always)
    public func converted(_ value: Float, to other: ElementLevels) -> Float {
        (value - minimum) * inverseScale * other.scale + other.minimum
    }
}

/// The levels of a ``CodeGrid`` for one number at a time.
@usableFromInline
struct LevelLadder: Sendable {
    /// Whether levels are all whole numbers of a range.
    @usableFromInline let isWhole: Bool
    @usableFromInline let lowest: Float
    @usableFromInline let highest: Float
    /// Ascending; the highest fills up.
    @usableFromInline let levels: SIMD16<Float>
    /// Lane i holds the middle between levels i and i + 1.
    @usableFromInline let middles: SIMD16<Float>

    /// - Parameter levels: ascending, up to sixteen, or nil for whole numbers.
    init(lowest: Float, highest: Float, levels: [Float]? = nil) {
        self.lowest = lowest
        self.highest = highest
        isWhole = levels == nil
        var table = SIMD16<Float>(repeating: highest)
        var middles = SIMD16<Float>(repeating: .infinity)
        let levels = levels ?? []
        for (index, level) in levels.enumerated() {
            table[index] = level
            if index > 0 { middles[index - 1] = (levels[index - 1] + level) / 2 }
        }
        self.levels = table
        self.middles = middles
    }

    @inlinable @inline(__always)
    func nearest(_ value: Float) -> Float {
        if isWhole { return min(max(value.rounded(.toNearestOrEven), lowest), highest) }
        let above = csimd_less_mask(SIMD16(repeating: value), middles)
        return csimd_permute(levels, SIMD16(repeating: Int32(truncatingIfNeeded: 16 &- above.nonzeroBitCount)))[0]
    }
}
