import Files

/// Joins files of predictions that parts of one run have stored to the file that one run stores.
package enum PredictionJoining {
    private static let pieceByteCount = 1 << 22

    /// Joins files in Swage's form.
    ///
    /// - Parameters:
    ///   - paths: The files, whose windows follow each other.
    ///   - texts: All windows, in their order.
    ///   - output: The file that appears when it is complete.
    /// - Throws: ``EvaluationError`` for a file that is damaged, or of another run or other windows; `FileError`.
    package static func joinArchives(_ paths: [String], of texts: [TokenWindows], to output: String) throws {
        let windows = PredictionArchive.windows(of: texts)
        var identity: PredictionIdentity?
        var start = 0
        var ranges: [Range<Int>] = []
        for path in paths {
            let file = try ReadableFile(path: path)
            let archive = try PredictionArchive(path: path, byteCount: file.byteCount) { try file.bytes($0) }
            guard archive.isComplete, archive.byteCount == file.byteCount, let first = archive.frames.first else {
                throw EvaluationError(.invalidPredictions("it is cut off"), file: path)
            }
            let end = start + archive.windows.count
            guard archive.identity == identity ?? archive.identity, end <= windows.count,
                archive.windows == Array(windows[start..<end])
            else { throw otherWindows(path) }
            (identity, start) = (archive.identity, end)
            ranges.append(first.lowerBound - PredictionArchive.frameLengthByteCount..<file.byteCount)
        }
        guard let identity, start == windows.count else { throw otherWindows(paths.last) }
        let header = PredictionArchive.header(identity, windows: windows)
        var file = try AtomicFile(
            path: output, expectedByteCount: ranges.reduce(header.count) { $0 + $1.count })
        try file.append(header)
        for (path, range) in zip(paths, ranges) { try copy(range, of: path, to: &file) }
        try file.commit()
    }

    /// Joins files in llama.cpp's form.
    ///
    /// - Parameters:
    ///   - paths: The files, whose windows follow each other.
    ///   - windowCount: The number of windows of all of them.
    ///   - output: The file that appears when it is complete.
    /// - Throws: ``EvaluationError`` for a file that is damaged or of other windows; `FileError`.
    package static func joinBaseLogits(_ paths: [String], windowCount: Int, to output: String) throws {
        let layouts = try paths.map { try BaseLogitsFile(path: $0).layout }
        guard let first = layouts.first, layouts.reduce(0, { $0 + $1.windowCount }) == windowCount else {
            throw otherWindows(paths.last)
        }
        let whole = BaseLogitsLayout(
            context: first.context, vocabularySize: first.vocabularySize, windowCount: windowCount)
        for (path, layout) in zip(paths, layouts)
        where layout.context != whole.context || layout.vocabularySize != whole.vocabularySize {
            throw otherWindows(path)
        }
        var file = try AtomicFile(path: output, expectedByteCount: whole.byteCount)
        try file.append(whole.header)
        for (path, layout) in zip(paths, layouts) {
            try copy(BaseLogitsLayout.headerByteCount..<layout.rowsStart, of: path, to: &file)
        }
        for (path, layout) in zip(paths, layouts) { try copy(layout.rowsStart..<layout.byteCount, of: path, to: &file) }
        try file.commit()
    }

    private static func otherWindows(_ path: String?) -> EvaluationError {
        EvaluationError(.invalidPredictions("they are of other windows than the run's"), file: path)
    }

    private static func copy(_ range: Range<Int>, of path: String, to target: inout AtomicFile) throws {
        let source = try ReadableFile(path: path)
        for start in stride(from: range.lowerBound, to: range.upperBound, by: pieceByteCount) {
            try target.append(source.bytes(start..<min(range.upperBound, start + pieceByteCount)))
        }
    }
}
