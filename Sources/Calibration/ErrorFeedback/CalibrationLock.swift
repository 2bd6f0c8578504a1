import Files
import Platform

/// A lock that one process at a time has, until it is let go or the process ends.
///
/// It only spares work: what two processes make of the same inputs is the same, and gets its name in one step. Where a file
/// system locks nothing, all of them may do everything.
final class CalibrationLock: Sendable {
    private let descriptor: Int32

    /// - Returns: nil if another process has it.
    /// - Throws: `FileError` if the file cannot be made, or is a link.
    init?(_ path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o644)
        guard descriptor >= 0 else { throw FileError(.system(operation: "write", errno: errno), path: path) }
        // A file system that has no locks lets all of them through.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
            close(descriptor)
            return nil
        }
    }

    deinit { close(descriptor) }
}
