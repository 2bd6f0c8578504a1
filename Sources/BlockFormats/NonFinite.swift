/// The index of the first element of a row that is an infinity or a NaN, or nil if all are finite.
public func firstNonFinite(_ row: UnsafePointer<Float>, count: Int) -> Int? {
    let raw = UnsafeRawPointer(row)
    // Sixteen elements at a time, looking at the result only once per 256: x · 0 is NaN exactly for these elements.
    var start = 0
    while count &- start >= 256 {
        var sum = SIMD16<Float>()
        for vector in 0..<16 {
            sum += raw.loadUnaligned(fromByteOffset: (start &+ 16 &* vector) &* 4, as: SIMD16<Float>.self) * 0
        }
        if any(sum .!= SIMD16()) { break }
        start &+= 256
    }
    while start < count {
        if !row[start].isFinite { return start }
        start &+= 1
    }
    return nil
}
