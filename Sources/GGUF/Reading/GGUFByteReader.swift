import Files

/// Reads the header of a file from front to back, in chunks, never more than the file or the limit holds.
struct GGUFByteReader {
    /// Metadata and tensor lists of real models take a few megabytes at most.
    static let headerLimit = 1 << 27
    private static let chunkByteCount = 1 << 18

    let file: ReadableFile
    /// Bytes read so far: the offset in the file.
    private(set) var offset = 0
    private var chunk: [UInt8] = []
    private var chunkOffset = 0

    init(_ file: ReadableFile) { self.file = file }

    var remaining: Int { file.byteCount - offset }

    mutating func read<T: FixedWidthInteger>(_: T.Type = T.self) throws -> T {
        let start = try fill(MemoryLayout<T>.size)
        return chunk.withUnsafeBytes { T(littleEndian: $0.loadUnaligned(fromByteOffset: start, as: T.self)) }
    }

    mutating func read(count: Int) throws -> [UInt8] {
        let start = try fill(count)
        return Array(chunk[start..<start + count])
    }

    mutating func readString() throws -> ByteString {
        let count = try readCount(of: "bytes of text", minimumByteCount: 1)
        return ByteString(try read(count: count))
    }

    /// Reads a count of things that follow, refused if the rest of the file cannot hold them.
    mutating func readCount(of things: String, minimumByteCount: Int) throws -> Int {
        let start = offset
        let count = try read(UInt64.self)
        guard let count = Int(exactly: count), count <= remaining / minimumByteCount else {
            throw GGUFError(
                .countTooLarge(count, of: things, remainingByteCount: remaining), path: file.path, place: .byte(start))
        }
        return count
    }

    /// Reads `count` little-endian integers.
    mutating func readArray<T: FixedWidthInteger>(count: Int, of _: T.Type = T.self) throws -> [T] {
        try claim(count * MemoryLayout<T>.stride)
        let elements = try [T](unsafeUninitializedCapacity: count) { buffer, initialized in
            try file.read(
                at: offset, into: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: buffer[..<count])))
            initialized = count
        }
        offset += count * MemoryLayout<T>.stride
        #if _endian(big)
            return elements.map { T(littleEndian: $0) }
        #else
            return elements
        #endif
    }

    /// Makes the next `count` bytes part of `chunk` and steps over them.
    ///
    /// - Returns: where in `chunk` they begin.
    private mutating func fill(_ count: Int) throws -> Int {
        if offset < chunkOffset || offset + count > chunkOffset + chunk.count {
            try claim(count)
            chunk = try file.bytes(offset..<offset + min(max(count, Self.chunkByteCount), remaining))
            chunkOffset = offset
        }
        defer { offset += count }
        return offset - chunkOffset
    }

    private func claim(_ count: Int) throws {
        guard count <= remaining else {
            throw GGUFError(
                .truncated(wantedByteCount: count, remainingByteCount: remaining), path: file.path,
                place: .byte(offset))
        }
        guard offset + count <= Self.headerLimit else {
            throw GGUFError(.headerTooLarge(limit: Self.headerLimit), path: file.path, place: .byte(offset))
        }
    }
}
