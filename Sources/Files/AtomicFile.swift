import Platform

/// A file that appears under its name only when it is complete.
///
/// Bytes go to a temporary name beside the target, `.NAME.partial`; ``commit()`` syncs and renames. Without it the
/// temporary file is removed, unless it is kept for a later run to go on with (``keep(as:)``). A killed process can leave
/// the temporary file, which the next one takes over, never a half file under the final name. Two processes cannot write
/// the same file at once. A symbolic link as the name stays one, and the file that it leads to is replaced; devices, pipes
/// and open files (`/dev/stdout`) are refused.
public struct AtomicFile: ~Copyable {
    /// The path under which the complete file appears.
    public let path: String
    /// The number of bytes appended so far.
    public private(set) var byteCount = 0
    private let location: OutputLocation
    /// The path under which the file grows.
    public private(set) var temporaryPath: String
    /// Whether the file stays when the work ends early.
    private var isKept = false
    private var descriptor: Int32
    private var buffer: UnsafeMutableRawBufferPointer
    private var buffered = 0

    /// Bytes given to the system at once: the page cache of Linux answers a write of megabytes with huge pages, which
    /// cost it two to three times as much on a virtual machine as the small ones for pieces of this size.
    private static let bufferByteCount = 1 << 18

    /// Begins a file under a temporary name.
    ///
    /// - Parameters:
    ///   - path: the path that the complete file gets; a file that is there already is replaced then.
    ///   - expectedByteCount: the size of the complete file in bytes, 0 if it is not known; it is checked against the
    ///     free room of the disk before anything is written.
    /// - Throws: ``FileError`` if the file cannot be written, another process is writing it, or the disk has no room.
    public init(path: String, expectedByteCount: Int = 0) throws {
        let location = try Self.location(path, expectedByteCount: expectedByteCount)
        let temporary = location.partialPath
        let descriptor = try UnfinishedFiles.insert(temporary) { try Self.openLocked(temporary, path: path) }
        guard SystemCall.repeated({ ftruncate(descriptor, 0) }) == 0 else {
            let error = FileError.lastSystemError("write", path: path)
            unlink(temporary)
            UnfinishedFiles.remove(temporary)
            close(descriptor)
            throw error
        }
        self.buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 64)
        self.location = location
        self.temporaryPath = temporary
        self.descriptor = descriptor
        self.path = path
    }

    /// Goes on with a file that was kept.
    ///
    /// - Parameters:
    ///   - path: the path that the complete file gets.
    ///   - stored: the path that the file was kept as, on the same disk.
    /// - Throws: ``FileError`` if the file cannot be read and written, or another process is writing it.
    public init(path: String, continuing stored: String) throws {
        let location = try Self.location(path, expectedByteCount: 0)
        let descriptor = try Self.openLocked(stored, path: path, access: O_RDWR)
        let end = lseek(descriptor, 0, SEEK_END)
        guard end >= 0 else {
            let error = FileError.lastSystemError("write", path: path)
            close(descriptor)
            throw error
        }
        self.buffer = .allocate(byteCount: Self.bufferByteCount, alignment: 64)
        self.location = location
        self.temporaryPath = stored
        self.isKept = true
        self.descriptor = descriptor
        self.path = path
        self.byteCount = Int(end)
    }

    deinit {
        if descriptor >= 0 {
            if !isKept { unlink(temporaryPath) }
            close(descriptor)
            UnfinishedFiles.remove(temporaryPath)
        }
        buffer.deallocate()
    }

    /// Fails if a file could not be written, so that long work does not end in an error that could be seen before;
    /// writes nothing.
    ///
    /// - Parameters:
    ///   - path: the path that the file is to have.
    ///   - expectedByteCount: the size of the file in bytes, 0 if it is not known; it is checked against the free room
    ///     of the disk.
    /// - Throws: ``FileError`` if the path cannot be a file's, the directory cannot be written, or the disk has no
    ///   room.
    public static func check(_ path: String, expectedByteCount: Int = 0) throws {
        _ = try location(path, expectedByteCount: expectedByteCount)
    }

    private static func location(_ path: String, expectedByteCount: Int) throws -> OutputLocation {
        let location = try OutputLocation(path)
        guard access(location.directory, W_OK) == 0 else { throw FileError.lastSystemError("write", path: path) }
        var room = statvfs()
        if statvfs(location.directory, &room) == 0 {
            let free = Int(clamping: UInt64(room.f_bavail) &* UInt64(room.f_frsize))
            guard free >= expectedByteCount else {
                throw FileError(.noRoom(neededByteCount: expectedByteCount, freeByteCount: free), path: path)
            }
        }
        return location
    }

    /// Opens the temporary file for this process alone.
    private static func openLocked(_ temporary: String, path: String, access: Int32 = O_WRONLY) throws -> Int32 {
        while true {
            let descriptor = try ExclusiveFile.descriptor(of: temporary, access: access, for: path)
            // Another process may have renamed or removed its file between our open and its unlocking: what we hold
            // would then be its finished result, or a file without a name.
            var (held, named) = (stat(), stat())
            if fstat(descriptor, &held) == 0, lstat(temporary, &named) == 0,
                held.st_ino == named.st_ino, held.st_dev == named.st_dev
            {
                return descriptor
            }
            close(descriptor)
        }
    }

    /// Appends bytes at the end of the file.
    /// - Throws: ``FileError`` if the system refuses to write them.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        byteCount += bytes.count
        if bytes.count >= buffer.count {
            try flush()
            return try write(bytes)
        }
        if buffered + bytes.count > buffer.count { try flush() }
        guard let source = bytes.baseAddress else { return }
        (buffer.baseAddress! + buffered).copyMemory(from: source, byteCount: bytes.count)
        buffered += bytes.count
    }

    /// Appends bytes at the end of the file.
    /// - Throws: ``FileError`` if the system refuses to write them.
    public mutating func append(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { try append($0) }
    }

    /// Appends `count` zero bytes.
    public mutating func appendZeros(_ count: Int) throws {
        try append([UInt8](repeating: 0, count: count))
    }

    /// Replaces bytes that were appended earlier, from a byte offset of the file on, by as many others.
    public mutating func replace(at offset: Int, with bytes: [UInt8]) throws {
        precondition(offset >= 0 && offset + bytes.count <= byteCount, "only what was appended can be replaced")
        try flush()
        var rest = bytes[...]
        while !rest.isEmpty {
            let place = off_t(offset + rest.startIndex)
            let count = rest.withUnsafeBytes { part in
                SystemCall.repeated { pwrite(descriptor, part.baseAddress, part.count, place) }
            }
            guard count >= 0 else { throw FileError.lastSystemError("write", path: path) }
            rest.removeFirst(count)
        }
    }

    /// Lets the file stay when the work ends early, under another temporary name on the same disk.
    ///
    /// - Throws: ``FileError`` if the system refuses the name.
    public mutating func keep(as stored: String) throws {
        try flush()
        guard rename(temporaryPath, stored) == 0 else { throw FileError.lastSystemError("write", path: stored) }
        UnfinishedFiles.remove(temporaryPath)
        temporaryPath = stored
        isKept = true
    }

    /// Removes what follows the first `count` bytes; appending goes on from there.
    public mutating func truncate(to count: Int) throws {
        precondition(buffered == 0 && count <= byteCount, "only what was written can be kept")
        guard SystemCall.repeated({ ftruncate(descriptor, off_t(count)) }) == 0,
            lseek(descriptor, off_t(count), SEEK_SET) >= 0
        else {
            throw FileError.lastSystemError("write", path: path)
        }
        byteCount = count
    }

    /// Gives the system all bytes that were appended, so that they stay if this process is killed.
    public mutating func flush() throws {
        let count = buffered
        buffered = 0
        try write(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    /// Brings all bytes to disk and gives the file its name.
    public consuming func commit() throws {
        try sync()
        try publish()
    }

    /// Brings all bytes to disk; nothing may be appended afterwards.
    public mutating func sync() throws {
        try flush()
        guard SystemCall.repeated({ fsync(descriptor) }) == 0 else {
            throw FileError.lastSystemError("write", path: path)
        }
    }

    /// Gives a synced file its name.
    public consuming func publish() throws {
        precondition(buffered == 0, "sync first")
        guard rename(temporaryPath, location.path) == 0 else { throw FileError.lastSystemError("write", path: path) }
        UnfinishedFiles.remove(temporaryPath)
        close(descriptor)
        descriptor = -1
        syncDirectory()
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws {
        var done = 0
        while done < bytes.count {
            let piece = bytes[done..<min(done + Self.bufferByteCount, bytes.count)]
            let count = SystemCall.repeated {
                POSIX.write(UnsafeRawBufferPointer(rebasing: piece), to: descriptor)
            }
            guard count >= 0 else { throw FileError.lastSystemError("write", path: path) }
            done += count
        }
    }

    private func syncDirectory() {
        let descriptor = open(location.directory, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }
}
