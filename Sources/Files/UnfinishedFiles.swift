import Platform
import Synchronization

/// The temporary files of this process, so that an interrupted one can remove them.
public enum UnfinishedFiles {
    private static let paths = Mutex<Set<String>>([])

    /// Removes all temporary files of this process, and ends the process before another can be made.
    public static func removeAll(thenEnd end: () -> Never) -> Never {
        paths.withLock { paths in
            for path in paths { unlink(path) }
            end()
        }
    }

    /// Makes a file that is remembered; an interruption comes before or after both.
    ///
    /// - Parameter open: makes the file and returns its descriptor.
    static func insert(_ path: String, by open: () throws -> Int32) throws -> Int32 {
        try paths.withLock { paths in
            let descriptor = try open()
            paths.insert(path)
            return descriptor
        }
    }

    static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
