import Files

extension FileError: Equatable {
    /// Whether two errors say the same of the same file.
    public static func == (first: Self, second: Self) -> Bool {
        first.kind == second.kind && first.path == second.path
    }
}
