import Files

/// The scores of a run, window by window, in a file of JSON lines; a run that ends early is continued by the next.
///
/// The first line is a ``PredictionIdentity``, each other line a window: its text and its number in it, the bytes and
/// characters of its scored tokens, and each model's log-probabilities; with a reference also the divergences, the
/// reference's log-probabilities and which tokens agree. The last member of each line is a checksum of what is before it.
package final class ScoreFile: ScoreFileJournal {
    static let format = "swage scores 2"
    /// That of files whose lines have no checksums.
    private static let formatWithoutChecksums = "swage scores 1"

    private let file: ResumableFile
    /// What identifies the run, the version of the file's format included.
    package let identity: PredictionIdentity
    /// The least time between two savings of the states of a batch.
    package let stateInterval: Duration
    /// The path of the file, which it has from the beginning.
    package var path: String { file.path }
    private let windows: [[WindowScores]]

    /// Continues a run's file, or begins it.
    ///
    /// - Parameters:
    ///   - path: The file's name, which it has from the beginning.
    ///   - identity: What identifies the run; its format is replaced by that of this file.
    ///   - stateInterval: The least time between two savings of the states of a batch.
    /// - Throws: ``EvaluationError`` if a file of that name is of another run, or `FileError`.
    package init(path: String, identity: PredictionIdentity, stateInterval: Duration) throws {
        self.stateInterval = stateInterval
        file = try ResumableFile(path: path, isUsableUnfinished: true)
        var identity = identity
        identity.format = Self.format
        self.identity = identity
        let header = CheckedLine.line(identity.encoded)
        guard file.contents.count >= header.count || !header.starts(with: file.contents) else {
            // A new file, or one whose run ended in its first line.
            try file.keep(0)
            try file.append(header)
            windows = identity.texts.map { _ in [] }
            return
        }
        let (found, windows, byteCount) = try Self.parse(file.contents, path: path)
        if let difference = found.difference(from: identity) {
            throw EvaluationError(.fileOfOtherRun(difference), file: path)
        }
        try file.keep(byteCount)
        self.windows = windows
    }

    /// The scores of one run whose windows were divided over several files.
    ///
    /// - Parameter paths: The files, at least one.
    /// - Returns: The run's identity, and for each of its texts the windows that the files have.
    /// - Throws: ``EvaluationError`` if they are not of one run, or a window is in two of them; `FileError`.
    package static func merged(_ paths: [String]) throws -> (identity: PredictionIdentity, texts: [TextScores]) {
        var first: PredictionIdentity?
        var texts: [TextScores] = []
        var numbers: [Set<Int>] = []
        for path in paths {
            let (identity, windows, _) = try parse(ReadableFile.contents(of: path, limit: .scores), path: path)
            if let first {
                if let difference = identity.difference(from: first) {
                    throw EvaluationError(.fileOfOtherRun(difference), file: path)
                }
            } else {
                first = identity
                numbers = identity.texts.map { _ in [] }
                texts = identity.texts.map {
                    TextScores(
                        name: $0.name, tokenCount: $0.tokens, byteCount: $0.bytes, characterCount: $0.characters)
                }
            }
            for (text, list) in windows.enumerated() {
                for window in list {
                    guard numbers[text].insert(window.number).inserted else {
                        throw EvaluationError(
                            .duplicateWindow(text: identity.texts[text].name, number: window.number), file: path)
                    }
                    texts[text].windows.append(window)
                }
            }
        }
        for text in texts.indices { texts[text].windows.sort { $0.number < $1.number } }
        guard let first else { preconditionFailure("at least one file") }
        return (first, texts)
    }

    /// Writes a complete file, as one run writes it.
    ///
    /// - Parameters:
    ///   - texts: The windows of the run's texts, in their order.
    ///   - identity: What identifies the run.
    ///   - path: The file's name.
    /// - Throws: ``EvaluationError`` if the file is there and of another run, or a score is not finite; `FileError`.
    package static func write(_ texts: [TextScores], _ identity: PredictionIdentity, to path: String) throws {
        let file = try ScoreFile(path: path, identity: identity, stateInterval: .zero)
        for (text, scores) in texts.enumerated() {
            let known = Set(file.finishedWindows(ofText: text).map(\.number))
            for window in scores.windows where !known.contains(window.number) { try file.append(window, ofText: text) }
        }
        try file.finish()
    }

    /// The windows that earlier runs have finished.
    package func finishedWindows(ofText text: Int) -> [WindowScores] { windows[text] }

    /// Writes a window as a line of its own.
    ///
    /// - Throws: ``EvaluationError`` if a score is not finite; `FileError` if the line cannot be written.
    package func append(_ window: WindowScores, ofText text: Int) throws {
        guard let line = ScoreLine(window, ofText: text).encoded else {
            throw EvaluationError(.nonFiniteResult, file: identity.texts[text].name)
        }
        try file.append(CheckedLine.line(line))
    }

    /// Brings the file to disk.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package func finish() throws { try file.finish() }

    /// Reads as many lines as are complete.
    ///
    /// - Returns: The run's identity, the windows of each text, and the bytes up to the last complete line.
    /// - Throws: ``EvaluationError`` if a complete line is not what it has to be, or a window is there twice.
    private static func parse(
        _ bytes: [UInt8], path: String
    ) throws -> (identity: PredictionIdentity, windows: [[WindowScores]], byteCount: Int) {
        var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        // What follows the last line feed is a line that was not finished.
        lines.removeLast()
        guard let header = lines.first, CheckedLine.isWhole(header) != false,
            var identity = PredictionIdentity(encoded: header),
            identity.format == format || identity.format == formatWithoutChecksums, !identity.models.isEmpty,
            identity.impossibility == nil
        else { throw EvaluationError(.notScores(line: 1), file: path) }
        let isChecked = identity.format == format
        identity.format = format
        var windows = identity.texts.map { _ in [WindowScores]() }
        var numbers = identity.texts.map { _ in Set<Int>() }
        for (number, line) in lines.enumerated().dropFirst() {
            guard CheckedLine.isWhole(line) ?? !isChecked, let line = ScoreLine(encoded: line),
                windows.indices ~= line.text,
                let window = line.window, window.scores.count == identity.models.count
            else { throw EvaluationError(.notScores(line: number + 1), file: path) }
            guard numbers[line.text].insert(window.number).inserted else {
                throw EvaluationError(
                    .duplicateWindow(text: identity.texts[line.text].name, number: window.number), file: path)
            }
            windows[line.text].append(window)
        }
        return (identity, windows, lines.reduce(0) { $0 + $1.count + 1 })
    }
}
