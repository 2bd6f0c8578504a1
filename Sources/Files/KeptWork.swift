import Synchronization

/// The folders in which this process keeps what it has come to, so that whoever ends it can say that nothing is lost.
public enum KeptWork {
    private static let state = Mutex<Set<String>>([])

    /// The paths of folders with work that the next run goes on from, in order.
    public static var paths: [String] { state.withLock { $0.sorted() } }

    /// Remembers a folder that holds work.
    public static func insert(_ path: String) { state.withLock { _ = $0.insert(path) } }

    /// Forgets a folder, whose work is done.
    public static func remove(_ path: String) { state.withLock { _ = $0.remove(path) } }
}
