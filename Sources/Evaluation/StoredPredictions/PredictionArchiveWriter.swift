import Files
import Parallelism
import Runtime

/// Stores a model's predictions in Swage's form; a run that ends early is continued by the next.
package final class PredictionArchiveWriter: PredictionRecorder, ScoreFileJournal, @unchecked Sendable {
    /// What identifies the run, the version of the file's format included.
    package let identity: PredictionIdentity
    /// The least time between two savings of the states of a batch.
    package let stateInterval: Duration
    /// The path of the file, once it is finished.
    package var path: String { file.path }
    private let file: ResumableFile
    private let lengths: TokenLengths
    private let finished: [Int: [WindowScores]]
    /// The rows of the batch that have been received and are not collected yet.
    private var pending = ResultTable<PredictionRow?>(repeating: nil, count: 0)
    /// The scored tokens of the batch, and what places their samples.
    private var tokens: [(token: Int32, seed: UInt64)] = []
    /// Rows of the batch's windows that are not written yet.
    private var windowLengths: [Int] = []
    private var collected: [PredictionRow] = []

    /// Continues a run's file, or begins it.
    ///
    /// - Parameters:
    ///   - path: The file's name once it is finished.
    ///   - identity: What identifies the run; its format is replaced by that of this file.
    ///   - texts: All windows; they must be evaluated in this order.
    ///   - lengths: The lengths of the model's tokens.
    ///   - stateInterval: The least time between two savings of the states of a batch.
    /// - Throws: ``EvaluationError`` if a file of that name is of another run, or `FileError`.
    package init(
        path: String, identity: PredictionIdentity, texts: [TokenWindows], lengths: TokenLengths,
        stateInterval: Duration
    ) throws {
        self.stateInterval = stateInterval
        file = try ResumableFile(path: path, isUsableUnfinished: false)
        self.lengths = lengths
        var identity = identity
        identity.format = PredictionArchive.format
        self.identity = identity
        let windows = PredictionArchive.windows(of: texts)
        let header = PredictionArchive.header(identity, windows: windows)
        guard file.isComplete || !header.starts(with: file.contents) || file.contents.count == header.count else {
            // A new file, or one whose run ended before it had described itself.
            try file.keep(0)
            try file.append(header)
            finished = [:]
            return
        }
        let contents = file.contents
        let archive = try PredictionArchive(path: path, byteCount: contents.count) { Array(contents[$0]) }
        if let difference = archive.identity.difference(from: identity)
            ?? (archive.windows == windows ? nil : "other windows")
        {
            throw EvaluationError(.fileOfOtherRun(difference), file: path)
        }
        if file.isComplete {
            guard archive.isComplete, archive.byteCount == contents.count else {
                throw EvaluationError(.invalidPredictions("it is cut off"), file: path)
            }
        } else {
            try file.keep(archive.byteCount)
        }
        var finished: [Int: [WindowScores]] = [:]
        for (frame, entry) in zip(archive.frames, archive.windows) {
            let rows = try PredictionArchive.rows(
                of: Array(contents[frame]), window: entry.window, vocabularySize: identity.vocabularySize, path: path)
            let scores = rows.rows.map { TokenScore(logProbability: $0.logProbability, comparison: nil) }
            finished[entry.text, default: []].append(
                WindowScores(entry.window, scores: [scores], lengths: lengths))
        }
        self.finished = finished
    }

    /// Marks the file as finished and gives it its name.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package func finishedWindows(ofText text: Int) -> [WindowScores] { finished[text] ?? [] }

    /// Does nothing: the scores are in the predictions.
    package func append(_ window: WindowScores, ofText text: Int) {}

    /// Takes note of the scored tokens of the windows, and of the seeds of their samples.
    package func begin(_ windows: ArraySlice<EvaluationWindow>) {
        tokens = windows.flatMap { window in
            window.scored.map { (window.tokens[$0], UInt64(window.number) << 32 | UInt64($0)) }
        }
        windowLengths = windows.map(\.scored.count)
        pending = ResultTable(repeating: nil, count: tokens.count)
    }

    /// Encodes the prediction of one row; called from several threads.
    package func record(row: Int, logits: UnsafeBufferPointer<Float>) {
        pending[row] = PredictionRow(logits: logits, token: tokens[row].token, seed: tokens[row].seed)
    }

    /// Writes the windows that are complete with these rows.
    ///
    /// - Throws: `FileError` if they cannot be written.
    package func endRows(_ rows: Range<Int>) throws {
        for row in rows {
            if let prediction = pending[row] { collected.append(prediction) }
            pending[row] = nil
        }
        while let length = windowLengths.first, collected.count >= length {
            try file.append(PredictionArchive.frame(PredictionRows(rows: Array(collected[..<length])).bytes))
            collected.removeFirst(length)
            windowLengths.removeFirst()
        }
    }

    package func finish() throws { try file.finish() }
}
