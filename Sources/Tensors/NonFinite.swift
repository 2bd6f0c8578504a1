/// The index of the first element of a row that is an infinity or a NaN, or nil if all are finite.
public func firstNonFinite(_ row: UnsafePointer<Float>, count: Int) -> Int? {
    let raw = UnsafeRawPointer(row)
    // Without its sign, a number is infinite or none from 0x7f800000 on. The greatest of 256 elements are looked at once.
    var start = 0
    while count &- start >= 256 {
        var greatest = SIMD16<UInt32>()
        for vector in 0..<16 {
            let bits = raw.loadUnaligned(fromByteOffset: (start &+ 16 &* vector) &* 4, as: SIMD16<UInt32>.self)
            let magnitude = bits & 0x7fff_ffff
            greatest.replace(with: magnitude, where: magnitude .> greatest)
        }
        if greatest.max() >= 0x7f80_0000 { break }
        start &+= 256
    }
    while start < count {
        if !row[start].isFinite { return start }
        start &+= 1
    }
    return nil
}
