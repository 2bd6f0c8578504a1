import Files
import Runtime
import Tokenization

/// Predictions in Swage's form, to compare models with.
public final class PredictionArchiveFile: StoredPredictions, @unchecked Sendable {
    private let file: ReadableFile
    private let archive: PredictionArchive
    private let index: [Key: Int]
    /// Of the windows announced, those of all rows in turn.
    private var rows: [PredictionRow] = []

    /// Windows that see and score the same tokens have the same predictions.
    private struct Key: Hashable {
        let tokens: TokenSequence
        let scored: Range<Int>

        init(_ window: EvaluationWindow) { (tokens, scored) = (window.tokens, window.scored) }
    }

    public var cut: WindowCut {
        let identity = archive.identity
        return WindowCut(context: identity.context, stride: identity.stride, parsesSpecial: identity.parsesSpecial)
    }

    /// Whether a file begins as one of these.
    public static func isOne(_ path: String) throws -> Bool {
        let file = try ReadableFile(path: path)
        let magic = PredictionArchive.magic
        return try file.byteCount >= magic.count && file.bytes(0..<magic.count) == magic
    }

    /// - Throws: ``EvaluationError`` or `FileError`.
    public init(path: String) throws {
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

    public func texts(_ tokenizer: Tokenizer, cut: WindowCut) throws -> [TokenWindows] {
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

    public func check(_ identity: PredictionIdentity, isOfAllTexts: Bool) throws {
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
        guard let difference = archive.identity.difference(from: wanted) else { return }
        throw EvaluationError(.predictionsOfOtherRun(difference), file: file.path)
    }

    public func begin(_ windows: ArraySlice<EvaluationWindow>) throws {
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

    public func compare(row: Int, logits: UnsafeBufferPointer<Float>, token: Int32) throws -> LogitComparison {
        guard logits.count == archive.identity.vocabularySize else {
            throw EvaluationError(
                .vocabularyMismatch(size: logits.count, referenceSize: archive.identity.vocabularySize),
                file: file.path)
        }
        return rows[row].compare(logits: logits, token: token)
    }
}
