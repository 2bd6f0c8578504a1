/// An 8-bit float: 4 bits of exponent with bias 7, 3 of fraction, no infinities, one NaN of each sign.
///
/// Source: Micikevicius et al., "FP8 Formats for Deep Learning", 2022; PyTorch's `float8_e4m3fn`.
public struct Float8E4M3: Sendable, Hashable {
    /// The eight bits: sign, exponent and fraction, from the highest.
    public var bitPattern: UInt8

    /// Makes the number of a bit pattern; every pattern is one.
    @inlinable public init(bitPattern: UInt8) { self.bitPattern = bitPattern }

    /// The value, exactly.
    public var floatValue: Float {
        let magnitude = bitPattern & 0x7f
        let sign: Float = bitPattern & 0x80 == 0 ? 1 : -1
        if magnitude == 0x7f { return .nan }
        let fraction = Float(magnitude & 7)
        let exponent = Int(magnitude >> 3)
        return sign
            * (exponent == 0
                ? fraction * 0x1p-9 : (8 + fraction) * Float(sign: .plus, exponent: exponent - 10, significand: 1))
    }
}
