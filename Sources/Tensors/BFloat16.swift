/// A 16-bit float that is the upper half of a `Float`: 8 bits of exponent, 7 of fraction.
public struct BFloat16: Sendable, Hashable {
    /// The sixteen bits: sign, exponent and fraction, from the highest.
    public var bitPattern: UInt16

    /// Makes the number of a bit pattern; every pattern is one.
    @inlinable public init(bitPattern: UInt16) { self.bitPattern = bitPattern }

    /// Rounds a number to nearest, ties to even; NaNs stay quiet NaNs.
    @inlinable public init(_ value: Float) {
        let bits = value.bitPattern
        if bits & 0x7fff_ffff > 0x7f80_0000 {
            bitPattern = UInt16(truncatingIfNeeded: bits >> 16) | 64
        } else {
            bitPattern = UInt16(truncatingIfNeeded: (bits &+ (0x7fff &+ ((bits >> 16) & 1))) >> 16)
        }
    }

    /// The value, exactly.
    @inlinable public var floatValue: Float { Float(bitPattern: UInt32(bitPattern) << 16) }
}
