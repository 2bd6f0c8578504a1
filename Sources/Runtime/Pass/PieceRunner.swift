/// Shares out the pieces of a stage among the threads of a run.
protocol PieceRunner {
    /// Calls `body` once for every piece in `0..<count`, with the memory of the thread that it is called from.
    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws
}

extension PieceRunner {
    /// Calls ``forEach(_:_:)`` for ranges of at most `length` that cover `0..<count`.
    func forEachRange(
        _ count: Int, length: Int, _ body: @Sendable (Range<Int>, ScratchSpace) throws -> Void
    ) throws {
        try forEach((count + length - 1) / length) { piece, scratch in
            try body(piece * length..<min(count, (piece + 1) * length), scratch)
        }
    }
}

extension Engine: PieceRunner {
    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws {
        try parallel.forEach(count) { piece, worker in try body(piece, workers[worker]) }
    }
}
