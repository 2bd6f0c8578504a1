import Tensors

extension TensorType {
    /// The exponent bits of a 16-bit number, all set in infinities and NaNs; nil for other types.
    var halfWordExponent: UInt16? {
        switch self {
        case .f16: 0x7c00
        case .bf16: 0x7f80
        default: nil
        }
    }
}

/// The index of the first 16-bit number that is an infinity or a NaN, or nil if all are finite.
///
/// - Parameter exponent: the exponent bits of the format.
func firstNonFinite(halfWords: UnsafeRawPointer, count: Int, exponent: UInt16) -> Int? {
    // Four numbers at a time: the lowest bit of the exponent, added to it, carries into the sign exactly if all are set.
    let lanes: UInt64 = 0x0001_0001_0001_0001
    let exponents = UInt64(exponent) &* lanes
    let ones = exponents & ~(exponents &<< 1)
    var start = 0
    while count &- start >= 256 {
        var carries: UInt64 = 0
        for word in 0..<64 {
            let words = halfWords.loadUnaligned(fromByteOffset: (start &+ 4 &* word) &* 2, as: UInt64.self)
            carries |= (words & exponents) &+ ones
        }
        if carries & (0x8000 &* lanes) != 0 { break }
        start &+= 256
    }
    while start < count {
        let word = halfWords.loadUnaligned(fromByteOffset: start &* 2, as: UInt16.self)
        if word & exponent == exponent { return start }
        start &+= 1
    }
    return nil
}
