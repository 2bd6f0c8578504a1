import Platform

/// Files that one process alone may write.
enum ExclusiveFile {
    /// Opens or makes a file and locks it for this process. What is a link, has other names, or is no regular file is
    /// refused: something else would be changed.
    ///
    /// - Parameters:
    ///   - stored: the path of the file, which errors name too if it is of somebody else.
    ///   - access: `O_WRONLY` or `O_RDWR`.
    ///   - path: the path that errors name.
    /// - Returns: a descriptor that the caller closes.
    static func descriptor(of stored: String, access: Int32, for path: String) throws -> Int32 {
        // A pipe would make the process wait for a reader.
        let descriptor = open(stored, access | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else {
            let code = errno
            throw [ELOOP, ENXIO, EISDIR].contains(code)
                ? FileError(.foreign(stored), path: path)
                : FileError(.system(operation: "write", errno: code), path: path)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_nlink <= 1 else {
            close(descriptor)
            throw FileError(.foreign(stored), path: path)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let error = FileError.lastSystemError("write", path: path)
            close(descriptor)
            throw isHeld ? FileError(.beingWritten, path: path) : error
        }
        return descriptor
    }
}
