import Platform

/// Files that one process alone may write.
enum ExclusiveFile {
    /// Opens or makes a file and locks it for this process.
    ///
    /// - Parameters:
    ///   - stored: the path of the file, which must not be a symbolic link.
    ///   - access: `O_WRONLY` or `O_RDWR`.
    ///   - path: the path that errors name.
    /// - Returns: a descriptor that the caller closes.
    static func descriptor(of stored: String, access: Int32, for path: String) throws -> Int32 {
        let descriptor = open(stored, access | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw FileError.lastSystemError("write", path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = FileError.lastSystemError("write", path: path)
            close(descriptor)
            throw isHeld ? FileError(.beingWritten, path: path) : error
        }
        return descriptor
    }
}
