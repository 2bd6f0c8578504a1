import Files
import Runtime
import Tokenizers

/// A reference's predictions in Swage's form, to compare models with.
package final class PredictionArchiveFile: StoredPredictions, @unchecked Sendable {
    private let file: ReadableFile
    private let archive: PredictionArchive
    private let index: [Key: Int]
    /// The rows of the announced windows, one after another.
    private var rows: [PredictionRow] = []

    /// Windows that see and score the same tokens have the same predictions.
    private struct Key: Hashable {
        let tokens: TokenSequence
        let scored: Range<Int>

        init(_ window: EvaluationWindow) { (tokens, scored) = (window.tokens, window.scored) }
    }

    /// How the texts that the predictions are of were cut.
    package var cut: WindowCut {
        let identity = archive.identity
        return WindowCut(context: identity.context, stride: identity.stride, parsesSpecial: identity.parsesSpecial)
    }

    /// Whether the file at `path` begins as one of stored predictions in Swage's form.
    ///
    /// - Throws: `FileError` if it cannot be read.
    package static func isOne(_ path: String) throws -> Bool {
        let file = try ReadableFile(path: path)
        let magic = PredictionArchive.magic
        return try file.byteCount >= magic.count && file.bytes(0..<magic.count) == magic
    }

    /// Opens the file at `path` and reads its list of windows; predictions are read when they are asked for.
    ///
    /// - Throws: ``EvaluationError`` if it is of another kind, damaged or incomplete; `FileError` if it cannot be read.
    package init(path: String) throws {
        let file = try ReadableFile(path: path)
        archive = try PredictionArchive(path: path, byteCount: file.byteCount) { try file.bytes($0) }
        guard archive.isComplete, archive.byteCount == file.byteCount else {
            throw EvaluationError(
                .invalidPredictions(
                    "it has \(archive.frames.count) of \(archive.windows.count) windows: its run did not finish"),
                file: path)
        }
        self.file = file
        index = Dictionary(archive.windows.enumerated().map { (Key($1.window), $0) }) { first, _ in first }
    }

    /// The texts that the predictions are of, as windows of tokens.
    ///
    /// - Throws: ``EvaluationError`` if the tokenizer has more tokens than the file, or none of the windows is wanted.
    package func texts(_ tokenizer: Tokenizer, cut: WindowCut) throws -> [TokenWindows] {
        let lengths = TokenLengths(tokenizer)
        guard tokenizer.vocabulary.count <= archive.identity.vocabularySize else {
            throw EvaluationError(
                .vocabularyMismatch(
                    size: tokenizer.vocabulary.count, referenceSize: archive.identity.vocabularySize), file: file.path)
        }
        return try archive.identity.texts.enumerated().map { number, text in
            try TokenWindows(
                name: text.name, windows: archive.windows.filter { $0.text == number }.map(\.window), cut: cut,
                lengths: lengths)
        }
    }

    /// How activations were multiplied with weights.
    package var precision: Precision? {
        Precision(rawValue: archive.identity.precision ?? Precision.reference.rawValue)
    }

    /// Refuses predictions of another tokenizer than a run's or, unless the run takes its texts from here, of other
    /// texts or another cut.
    ///
    /// - Throws: ``EvaluationError`` with what differs.
    package func check(_ identity: PredictionIdentity, isOfAllTexts: Bool) throws {
        var wanted = identity
        wanted.format = archive.identity.format
        wanted.models = archive.identity.models
        if isOfAllTexts {
            wanted.context = archive.identity.context
            wanted.stride = archive.identity.stride
            wanted.parsesSpecial = archive.identity.parsesSpecial
            wanted.texts = archive.identity.texts
        }
        wanted.reference = archive.identity.reference
        wanted.version = archive.identity.version
        wanted.precision = archive.identity.precision
        guard let difference = archive.identity.difference(from: wanted) else { return }
        throw EvaluationError(.predictionsOfOtherRun(difference), file: file.path)
    }

    /// Reads the rows of the announced windows, which are found by their tokens and by which of them are scored.
    ///
    /// - Throws: ``EvaluationError`` if a window is not in the file or its rows are damaged; `FileError`.
    package func begin(_ windows: ArraySlice<EvaluationWindow>) throws {
        rows = try windows.flatMap { window in
            guard let place = index[Key(window)] else {
                throw EvaluationError(.otherWindows(number: window.number), file: file.path)
            }
            return try PredictionArchive.rows(
                of: file.bytes(archive.frames[place]), window: window,
                vocabularySize: archive.identity.vocabularySize, path: file.path
            ).rows
        }
    }

    /// Estimates how far a model's prediction is from the stored one, without bias.
    ///
    /// - Throws: ``EvaluationError`` if the vocabulary is of another size.
    package func compare(row: Int, logits: UnsafeBufferPointer<Float>, token: Int32) throws -> LogitComparison {
        guard logits.count == archive.identity.vocabularySize else {
            throw EvaluationError(
                .vocabularyMismatch(size: logits.count, referenceSize: archive.identity.vocabularySize),
                file: file.path)
        }
        return rows[row].compare(logits: logits, token: token)
    }
}
