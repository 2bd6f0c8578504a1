import Digests
import Files

/// A record that is complete and undamaged.
package struct Record: Sendable {
    /// The file, whose bytes begin with the content.
    package let file: ReadableFile
    var path: String { file.path }
    /// The size of the content in bytes.
    package let byteCount: Int

    /// Opens a record and reads it once, to see that it is undamaged.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - seed: What the digest begins with.
    /// - Returns: nil if there is no such record, or not all of it, or if it is damaged.
    package init?(path: String, seed: [UInt8]) throws {
        guard let file = try? ReadableFile(path: path), file.byteCount >= SHA256.hexadecimalLength else { return nil }
        self.file = file
        byteCount = file.byteCount - SHA256.hexadecimalLength
        var digest = SHA256()
        digest.update(seed)
        var offset = 0
        while offset < byteCount {
            let end = min(byteCount, offset + Self.pieceByteCount)
            digest.update(try file.bytes(offset..<end))
            offset = end
        }
        guard try file.bytes(byteCount..<file.byteCount) == Array(digest.hexadecimal.utf8) else { return nil }
    }

    private static let pieceByteCount = 1 << 20

    /// Fills a buffer with bytes of the content from a byte offset on.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        precondition(offset >= 0 && offset + buffer.count <= byteCount)
        try file.read(at: offset, into: buffer)
    }

    /// Bytes of the content.
    package func bytes(_ range: Range<Int>) throws -> [UInt8] {
        precondition(range.upperBound <= byteCount)
        return try file.bytes(range)
    }

    /// All bytes of the content.
    package func bytes() throws -> [UInt8] { try bytes(0..<byteCount) }
}

/// What appends the content of a record.
package struct RecordWriter: ~Copyable {
    private var file: AtomicFile
    private var digest = SHA256()

    /// Begins a record.
    ///
    /// - Parameters:
    ///   - path: The file, which appears when the record is finished.
    ///   - seed: What the digest begins with.
    ///   - expectedByteCount: The size of the content in bytes, 0 if it is not known; it is checked against the free room of
    ///     the disk.
    /// - Throws: `FileError` if it cannot be written.
    package init(path: String, seed: [UInt8], expectedByteCount: Int) throws {
        file = try AtomicFile(
            path: path,
            expectedByteCount: expectedByteCount > 0 ? expectedByteCount + SHA256.hexadecimalLength : 0)
        digest.update(seed)
    }

    /// Appends bytes.
    ///
    /// - Throws: `FileError` if they cannot be written.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        digest.update(bytes)
        try file.append(bytes)
    }

    /// Appends bytes.
    ///
    /// - Throws: `FileError` if they cannot be written.
    package mutating func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Completes the record, and gives it its name.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package consuming func finish() throws {
        try file.append(Array(digest.hexadecimal.utf8))
        try file.commit()
    }
}
