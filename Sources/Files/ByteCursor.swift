/// Reads little-endian values from a buffer, never past its end.
public struct ByteCursor {
    /// An error: a read would pass the end of the buffer.
    public struct EndOfBytes: Error, Sendable, Equatable {
        /// The number of bytes before the read that failed.
        public let offset: Int
        /// The number of bytes that the read asked for.
        public let wanted: Int
        /// The number of bytes that were left.
        public let available: Int
    }

    private let bytes: UnsafeRawBufferPointer
    /// The number of bytes already read: where the next read begins.
    public private(set) var offset = 0

    /// Begins at the first of some bytes, which must stay valid as long as the cursor is used.
    public init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// The number of bytes that are left to read.
    public var remaining: Int { bytes.count - offset }

    /// Reads a little-endian integer and moves on by its size. It need not be aligned.
    /// - Throws: ``EndOfBytes`` if fewer bytes are left; the cursor then stays where it is.
    public mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws(EndOfBytes) -> T {
        let start = try advance(MemoryLayout<T>.size)
        return T(littleEndian: bytes.loadUnaligned(fromByteOffset: start, as: T.self))
    }

    /// Reads four bytes as a little-endian IEEE 754 single.
    /// - Throws: ``EndOfBytes`` if fewer bytes are left.
    public mutating func readFloat() throws(EndOfBytes) -> Float { Float(bitPattern: try read()) }

    /// Reads eight bytes as a little-endian IEEE 754 double.
    /// - Throws: ``EndOfBytes`` if fewer bytes are left.
    public mutating func readDouble() throws(EndOfBytes) -> Double { Double(bitPattern: try read()) }

    /// The next `count` bytes, in place; the cursor moves past them.
    /// - Throws: ``EndOfBytes`` if fewer bytes are left; the cursor then stays where it is.
    public mutating func read(count: Int) throws(EndOfBytes) -> UnsafeRawBufferPointer {
        let start = try advance(count)
        return UnsafeRawBufferPointer(rebasing: bytes[start..<start + count])
    }

    private mutating func advance(_ count: Int) throws(EndOfBytes) -> Int {
        guard count >= 0, count <= remaining else {
            throw EndOfBytes(offset: offset, wanted: count, available: remaining)
        }
        defer { offset += count }
        return offset
    }
}
