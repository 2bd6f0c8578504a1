import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The temporary files of this process, so that an interrupted one can remove them.
public enum UnfinishedFiles {
    private static let paths = Mutex<Set<String>>([])

    /// Removes them all; call only before the process ends.
    public static func removeAll() {
        paths.withLock { paths in
            for path in paths { unlink(path) }
            paths = []
        }
    }

    static func insert(_ path: String) { paths.withLock { _ = $0.insert(path) } }

    static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }
}
