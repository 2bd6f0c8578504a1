import Platform

/// A regular file open for reading at any offset, from any thread.
///
/// Reads copy (`pread`) instead of mapping: memory stays what the caller allocates, and a file that shrinks while it is
/// read gives an error, not a signal.
public final class ReadableFile: Sendable {
    /// The path that the file was opened under.
    public let path: String
    /// The size of the file in bytes when it was opened.
    public let byteCount: Int
    private let descriptor: Int32

    /// Opens a file.
    /// - Throws: ``FileError`` if it cannot be opened, is not a regular file, or is a pointer of git-lfs.
    public init(path: String) throws {
        // Opening a pipe that nobody writes to would not return.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw FileError.lastSystemError("open", path: path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            defer { close(descriptor) }
            throw FileError.lastSystemError("open", path: path)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw FileError(.notAFile, path: path)
        }
        self.path = path
        self.byteCount = Int(status.st_size)
        self.descriptor = descriptor
        try refusePointer()
    }

    /// Whatever the file was to hold, a pointer of git-lfs is not it.
    private func refusePointer() throws {
        guard byteCount < Self.pointerByteCountLimit, byteCount > Self.pointerStart.count else { return }
        let text = try bytes(0..<byteCount)
        guard text.starts(with: Self.pointerStart) else { return }
        let size = String(decoding: text, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("size ") }
        throw FileError(.pointer(byteCount: size.flatMap { Int($0.dropFirst("size ".count)) } ?? 0), path: path)
    }

    /// Pointers are shorter than this and begin with the text below, as the specification of git-lfs demands.
    private static let pointerByteCountLimit = 1024
    private static let pointerStart = Array("version https://git-lfs.github.com/spec/".utf8)

    deinit { close(descriptor) }

    /// Fills a buffer with the bytes of the file from a byte offset on.
    /// - Throws: ``FileError`` if the file cannot be read or ends before the buffer is full.
    public func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws {
        var done = 0
        while done < buffer.count {
            let count = SystemCall.repeated {
                pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
            }
            guard count >= 0 else { throw FileError.lastSystemError("read", path: path) }
            guard count > 0 else {
                throw FileError(
                    .truncated(expectedByteCount: offset + buffer.count, foundByteCount: offset + done), path: path)
            }
            done += count
        }
    }

    /// Tells the system what will be done with the bytes of `range`, which need not be whole pages.
    public func advise(_ use: ExpectedUse, _ range: Range<Int>) {
        POSIX.advise(use == .soon ? .willNeed : .doNotNeed, descriptor: descriptor, range)
    }

    /// The bytes of the file in a range of byte offsets.
    /// - Throws: ``FileError`` if the file cannot be read or ends before.
    public func bytes(_ range: Range<Int>) throws -> [UInt8] {
        guard range.upperBound <= byteCount else {
            throw FileError(.truncated(expectedByteCount: range.upperBound, foundByteCount: byteCount), path: path)
        }
        // The empty array is one for all threads, and this way of making it writes to it.
        guard !range.isEmpty else { return [] }
        return try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
            try read(at: range.lowerBound, into: UnsafeMutableRawBufferPointer(buffer))
            count = range.count
        }
    }

    /// All bytes of the file.
    ///
    /// - Parameter limit: what the file is, which says how large it may be.
    /// - Throws: ``FileError`` if it is larger, before anything is read, or if it cannot be read.
    public func contents(limit: InputLimit) throws -> [UInt8] {
        guard byteCount <= limit.byteCount else { throw FileError(.tooLarge(limit, byteCount: byteCount), path: path) }
        return try bytes(0..<byteCount)
    }

    /// All bytes of the file at `path`.
    ///
    /// - Parameters:
    ///   - path: the path of a regular file.
    ///   - limit: what the file is, which says how large it may be.
    /// - Throws: ``FileError`` if it is larger, before anything is read, or if it cannot be read.
    public static func contents(of path: String, limit: InputLimit) throws -> [UInt8] {
        try ReadableFile(path: path).contents(limit: limit)
    }
}

/// The use that will be made of some bytes of a file.
public enum ExpectedUse: Sendable {
    /// They will be read soon: the system may begin to read them now.
    case soon
    /// They will not be read again for long: the system need not keep them.
    case notAgain
}
