import Platform

/// A file that grows over several runs, under its own name or, until it is complete, as `NAME.unfinished`.
///
/// A run that ends early leaves what it has appended, and the next one goes on from there. Two processes cannot write the
/// same file at once. A symbolic link as the name stays one, and the file that it leads to grows.
public final class ResumableFile: @unchecked Sendable {
    /// The path of the complete file, without `.unfinished`.
    public let path: String
    /// The bytes that earlier runs have written; none for a new file.
    public let contents: [UInt8]
    /// Whether the file had its name already, and nothing is missing.
    public let isComplete: Bool
    private let finishedPath: String
    private let unfinishedPath: String
    private let descriptor: Int32

    /// Opens the file that an earlier run has left, complete or not, or begins a new one.
    ///
    /// - Parameters:
    ///   - path: the path of the complete file.
    ///   - isUsableUnfinished: whether the file has its name from the beginning, since its readers can use a part of
    ///     it; if not, it is `NAME.unfinished` until it is complete.
    /// - Throws: ``FileError`` if the file cannot be read or written, or another process is writing it.
    public init(path: String, isUsableUnfinished: Bool) throws {
        self.path = path
        finishedPath = try OutputLocation(path).path
        unfinishedPath = isUsableUnfinished ? finishedPath : finishedPath + ".unfinished"
        if !isUsableUnfinished, let finished = try Self.contentsIfPresent(finishedPath) {
            (contents, isComplete, descriptor) = (finished, true, -1)
            return
        }
        try AtomicFile.check(path)
        descriptor = try ExclusiveFile.descriptor(of: unfinishedPath, access: O_RDWR, for: path)
        isComplete = false
        contents = try ReadableFile.contents(of: unfinishedPath, limit: .unfinished)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func contentsIfPresent(_ path: String) throws -> [UInt8]? {
        do {
            return try ReadableFile.contents(of: path, limit: .unfinished)
        } catch let error as FileError where error.isNotFound {
            return nil
        }
    }

    /// Removes what follows the first `count` bytes; appending goes on from there.
    public func keep(_ count: Int) throws {
        guard SystemCall.repeated({ ftruncate(descriptor, off_t(count)) }) == 0,
            lseek(descriptor, off_t(count), SEEK_SET) >= 0
        else {
            throw FileError.lastSystemError("write", path: path)
        }
    }

    /// Appends bytes at the end, all of them at once: they have reached the system when this returns.
    public func append(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { part in SystemCall.repeated { POSIX.write(part, to: descriptor) } }
            guard count >= 0 else { throw FileError.lastSystemError("write", path: path) }
            rest.removeFirst(count)
        }
    }

    /// Brings the complete file to disk and gives it its name.
    public func finish() throws {
        guard !isComplete else { return }
        guard SystemCall.repeated({ fsync(descriptor) }) == 0,
            unfinishedPath == finishedPath || rename(unfinishedPath, finishedPath) == 0
        else {
            throw FileError.lastSystemError("write", path: path)
        }
    }
}
