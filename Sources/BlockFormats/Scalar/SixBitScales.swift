/// The 12 bytes in which Q4_K and Q5_K keep eight scales and eight minima of 6 bits.
///
/// Bytes 0…3 hold scales 0…3 and bytes 4…7 minima 0…3 in their low 6 bits; bytes 8…11 hold the low 4 bits of scales and
/// (upper half) minima 4…7, whose upper 2 bits are the upper 2 bits of bytes 0…3 and 4…7.
enum SixBitScales {
    @inline(__always)
    static func scale(_ bytes: UnsafeRawPointer, _ part: Int) -> UInt8 {
        part < 4 ? bytes.byte(part) & 63 : bytes.byte(part &+ 4) & 15 | (bytes.byte(part &- 4) >> 6) << 4
    }

    @inline(__always)
    static func minimum(_ bytes: UnsafeRawPointer, _ part: Int) -> UInt8 {
        part < 4 ? bytes.byte(part &+ 4) & 63 : bytes.byte(part &+ 4) >> 4 | (bytes.byte(part) >> 6) << 4
    }

    /// Writes eight scales and eight minima, whole numbers from 0 to 63.
    static func store(
        _ scales: UnsafePointer<Int32>, _ minima: UnsafePointer<Int32>, into bytes: UnsafeMutableRawPointer
    ) {
        for part in 0..<4 {
            bytes.storeByte(scales[part] | (scales[part &+ 4] >> 4) << 6, part)
            bytes.storeByte(minima[part] | (minima[part &+ 4] >> 4) << 6, part &+ 4)
            bytes.storeByte(scales[part &+ 4] & 15 | (minima[part &+ 4] & 15) << 4, part &+ 8)
        }
    }
}
