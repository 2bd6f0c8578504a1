import Files

extension FileError: Equatable {
    public static func == (first: Self, second: Self) -> Bool {
        first.kind == second.kind && first.path == second.path
    }
}
