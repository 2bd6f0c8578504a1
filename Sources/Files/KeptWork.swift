import Synchronization

/// The folders in which this process keeps what it has come to, so that whoever ends it can say that nothing is lost.
public enum KeptWork {
    private static let state = Mutex<[String: String]>([:])

    /// Folders with work that the next run goes on from, in the order of their paths, and the outputs that the work is for.
    public static var folders: [(path: String, output: String)] {
        state.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }

    /// Remembers a folder that holds work.
    ///
    /// - Parameters:
    ///   - path: The path of the folder.
    ///   - output: The path of the output that the work is for.
    public static func insert(_ path: String, output: String) { state.withLock { $0[path] = output } }

    /// Forgets a folder, whose work is done.
    public static func remove(_ path: String) { state.withLock { $0[path] = nil } }
}
