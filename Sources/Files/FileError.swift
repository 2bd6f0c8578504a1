import Platform

/// An error of a file that could not be opened, read or written.
public struct FileError: DiagnosticError {
    /// The reason why the operation failed.
    public enum Kind: Sendable, Equatable {
        /// The system refused the operation.
        case system(operation: String, errno: Int32)
        /// The file ended before the bytes that were asked for.
        case truncated(expectedByteCount: Int, foundByteCount: Int)
        /// The file is a pointer of git-lfs to a large file, of `byteCount` bytes, that has not been fetched.
        case pointer(byteCount: Int)
        /// The name is not a regular file.
        case notAFile
        /// A file cannot be written under the name: it is empty, or that of a directory or device.
        case notAFileName
        /// The text is not UTF-8, from the byte offset on.
        case notUTF8(offset: Int)
        /// The file is of another kind, and a text is expected.
        case noText(FileKind)
        /// The file has more bytes than such files may have.
        case tooLarge(InputLimit, byteCount: Int)
        /// What bears the name of a file that is to be written is a link, has other names, or is no regular file.
        case foreign(String)
        /// What bears the name of something that a run keeps for itself was made by somebody else.
        case notOurs
        /// Another process is writing the file.
        case beingWritten
        /// The disk has less room than the result needs.
        case noRoom(neededByteCount: Int, freeByteCount: Int)
    }

    /// The reason why the operation failed.
    public let kind: Kind
    /// The path of the file as the caller gave it.
    public let path: String

    /// Makes the error of a file; the path should be the one that the user knows.
    public init(_ kind: Kind, path: String) {
        self.kind = kind
        self.path = path
    }

    /// Whether there is no file of that name.
    public var isNotFound: Bool { kind == .system(operation: "open", errno: ENOENT) }

    static func lastSystemError(_ operation: String, path: String) -> FileError {
        FileError(.system(operation: operation, errno: errno), path: path)
    }

    /// The error in words: the file, what the system or the file said, and what to do about it.
    public var diagnostic: Diagnostic {
        switch kind {
        case .system(let operation, let code):
            let reason = String(cString: strerror(code))
            let isOutput = operation == "write"
            let fault: Diagnostic.Fault =
                switch code {
                case ENOSPC, EDQUOT, ENOMEM, EFBIG: .room
                case ENOENT, ENOTDIR, EISDIR, ELOOP, ENAMETOOLONG: isOutput ? .usage : .input
                case EACCES, EIO: isOutput ? .work : .input
                default: .work
                }
            let advice: Message? =
                switch code {
                case ENOENT, ENOTDIR:
                    isOutput
                        ? "create the directory first, or write elsewhere"
                        : MissingFile.advice(on: path) ?? "check the path"
                case ENAMETOOLONG: isOutput ? "choose a shorter name" : "check the path"
                case EACCES, EPERM, EROFS: "check the permissions"
                case ENOSPC, EDQUOT: "free some disk space or write elsewhere"
                case EIO: "the disk or the way to it fails: look at the system's log, and use another disk"
                case EFBIG: "raise the limit of the size of files (ulimit -f), or write elsewhere"
                default: nil
                }
            return Diagnostic(fault, file: path, "cannot \(operation): \(reason)", advice: advice)
        case .truncated(let expected, let found):
            return Diagnostic(
                .input, file: path, "the file ends too early: \(expected) bytes expected, \(found) found",
                advice: "download or copy the file again")
        case .pointer(let count):
            return Diagnostic(
                .input, file: path,
                "a git-lfs pointer, a few lines of text in place of the file" + (count > 0 ? " of \(count) bytes" : ""),
                advice: "fetch the file itself: git lfs pull in its folder, or hf download REPOSITORY")
        case .notAFile:
            return Diagnostic(
                .input, file: path, "is not a regular file",
                advice: "give the path of a file, not of a directory, pipe or device")
        case .notAFileName:
            return Diagnostic(
                .usage, file: path, "no file can be written under this name",
                advice: "give the path of a file, not of a directory, pipe or device")
        case .notUTF8(let offset):
            return Diagnostic(
                .input, file: path, place: "byte \(offset)", "the text is not valid UTF-8",
                advice: "convert it first, for example with iconv -t UTF-8")
        case .noText(let kind):
            return Diagnostic(
                .input, file: path, "\(kind.rawValue), and a text is expected", advice: kind.adviceForText)
        case .tooLarge(let limit, let count):
            return Diagnostic(
                .input, file: path,
                "it has \(ByteCount.text(count, rounding: .down)), more than \(limit.name) may have: "
                    + ByteCount.text(limit.byteCount, rounding: .down), advice: "check that it is the right file")
        case .foreign(let name):
            return Diagnostic(
                .usage, file: path, place: name == path ? nil : name,
                "it is a link, has other names, or is no regular file: writing would change something else",
                advice: "remove it, or write elsewhere")
        case .notOurs:
            return Diagnostic(
                .usage, file: path, "the work needs this name for itself, and something else has it",
                advice: "move it away, or choose another name for the output")
        case .beingWritten:
            return Diagnostic(
                .usage, file: path, "another process is writing this file",
                advice: "wait for it, or choose another name")
        case .noRoom(let needed, let free):
            return Diagnostic(
                .room, file: path,
                "\(ByteCount.text(needed, rounding: .up)) are needed, "
                    + "\(ByteCount.text(free, rounding: .down)) are free on this disk",
                advice: "free some disk space or write elsewhere")
        }
    }
}
