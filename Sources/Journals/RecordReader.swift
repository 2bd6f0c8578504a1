import Files

extension RecordWriter {
    /// Appends a number, in 8 bytes of the least first.
    package mutating func append(_ number: Int) throws {
        try append(withUnsafeBytes(of: Int64(number).littleEndian) { Array($0) })
    }

    /// Appends numbers by their bits, in 8 bytes each.
    package mutating func append(_ numbers: [Double]) throws {
        try numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { try append($0) }
    }

    /// Appends a text: its length in bytes, and its UTF-8.
    package mutating func append(_ text: String) throws {
        let bytes = Array(text.utf8)
        try append(bytes.count)
        try append(bytes)
    }
}

/// Reads the content of a record from its beginning on.
///
/// A content that ends too early is an error like that of a file that does: its digest holds, so that somebody has made it.
package struct RecordReader {
    private let record: Record
    /// The number of bytes that have been read.
    package private(set) var offset = 0

    /// Reads a record from its beginning on.
    package init(_ record: Record) { self.record = record }

    /// Whether everything has been read.
    package var isAtEnd: Bool { offset == record.byteCount }

    /// The next number.
    package mutating func number() throws -> Int {
        try bytes(8).withUnsafeBytes { Int(Int64(littleEndian: $0.loadUnaligned(as: Int64.self))) }
    }

    /// The next numbers, by their bits.
    package mutating func numbers(_ count: Int) throws -> [Double] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: 8)
        return try bytes(overflow ? .max : byteCount).withUnsafeBytes { buffer in
            (0..<count).map {
                Double(bitPattern: UInt64(littleEndian: buffer.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self)))
            }
        }
    }

    /// The next text.
    package mutating func text() throws -> String { String(decoding: try bytes(number()), as: UTF8.self) }

    /// The next bytes.
    package mutating func bytes(_ count: Int) throws -> [UInt8] {
        try demand(count)
        defer { offset += count }
        return try record.bytes(offset..<offset + count)
    }

    /// Fills a buffer with the next bytes.
    package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws {
        try demand(buffer.count)
        try record.read(at: offset, into: buffer)
        offset += buffer.count
    }

    private func demand(_ count: Int) throws {
        guard count >= 0, count <= record.byteCount - offset else {
            throw FileError(
                .truncated(expectedByteCount: count, foundByteCount: record.byteCount - offset), path: record.path)
        }
    }
}
