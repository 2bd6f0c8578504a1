import Files
import Runtime
import Tokenizers

/// The layout of llama.cpp's file of a reference's predictions (`llama-perplexity --kl-divergence-base`).
///
/// `_logits_`, the context (u32), the vocabulary and the windows (i32), every window's tokens (i32); then for each window
/// context − 1 − context / 2 rows: a scale and the least log-probability (f32), a code (u16) for each token, and a filling
/// one if their number is odd. A log-probability is scale · code + least; what is more than 16 nats below the greatest is
/// stored as if it were just that.
struct BaseLogitsLayout: Sendable {
    let context: Int
    let vocabularySize: Int
    let windowCount: Int

    static let magic = Array("_logits_".utf8)
    static let headerByteCount = 20
    /// Nats below the greatest logit that codes reach.
    static let depth: Float = 16

    var rowsPerWindow: Int { context - 1 - context / 2 }
    var rowByteCount: Int { 2 * (2 * ((vocabularySize + 1) / 2) + 4) }
    var tokensByteCount: Int { 4 * windowCount * context }
    var byteCount: Int { rowsStart + windowCount * rowsPerWindow * rowByteCount }
    var rowsStart: Int { Self.headerByteCount + tokensByteCount }

    /// What comes before the windows' tokens.
    var header: [UInt8] {
        var header = Self.magic
        for number in [context, vocabularySize, windowCount] {
            withUnsafeBytes(of: Int32(number).littleEndian) { header += $0 }
        }
        return header
    }

    func rowOffset(window: Int, row: Int) -> Int { rowsStart + (window * rowsPerWindow + row) * rowByteCount }

    /// The tokens of every window that are scored.
    var scored: Range<Int> { context / 2 + 1..<context }
}

/// A reference's predictions in llama.cpp's form, as llama.cpp or Swage has stored them.
package final class BaseLogitsFile: StoredPredictions, @unchecked Sendable {
    private let file: ReadableFile
    let layout: BaseLogitsLayout
    private let tokens: [[Int32]]
    /// The windows by their tokens, less the first, which BOS replaces.
    private let index: [ArraySlice<Int32>: Int]
    /// For each row of the announced windows, the number of its window in the file and its own number in that window.
    private var places: [(window: Int, row: Int)] = []

    /// What rounding may make of 0.
    private static let greatestLogProbability: Float = 0.001

    /// Windows of the file's context, which do not overlap.
    package var cut: WindowCut { WindowCut(context: layout.context) }

    /// Opens the file at `path` and reads the tokens of its windows; predictions are read when they are asked for.
    ///
    /// - Throws: ``EvaluationError`` if it is of another kind, damaged or incomplete; `FileError` if it cannot be read.
    package init(path: String) throws {
        file = try ReadableFile(path: path)
        let headerByteCount = BaseLogitsLayout.headerByteCount
        guard try file.byteCount >= headerByteCount && file.bytes(0..<8) == BaseLogitsLayout.magic else {
            throw EvaluationError(.notPredictions, file: path)
        }
        let header = try file.bytes(8..<headerByteCount)
        let numbers = header.withUnsafeBytes { bytes in
            (0..<3).map { Int(Int32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Int32.self))) }
        }
        let (context, vocabularySize, windowCount) = (numbers[0], numbers[1], numbers[2])
        guard (4...1 << 24).contains(context), (1...1 << 24).contains(vocabularySize), windowCount > 0,
            windowCount <= file.byteCount / 4 / context
        else {
            throw EvaluationError(
                .invalidPredictions(
                    "\(windowCount) windows of \(context) tokens over a vocabulary of \(vocabularySize) are impossible"),
                file: path)
        }
        let layout = BaseLogitsLayout(context: context, vocabularySize: vocabularySize, windowCount: windowCount)
        guard layout.byteCount == file.byteCount else {
            throw EvaluationError(
                .invalidPredictions(
                    "it has \(file.byteCount) bytes, \(layout.byteCount) expected for \(windowCount) windows: its run did not finish"
                ), file: path)
        }
        let bytes = try file.bytes(headerByteCount..<headerByteCount + layout.tokensByteCount)
        tokens = bytes.withUnsafeBytes { bytes in
            (0..<windowCount).map { window in
                (0..<context).map {
                    Int32(
                        littleEndian: bytes.loadUnaligned(fromByteOffset: 4 * (window * context + $0), as: Int32.self))
                }
            }
        }
        if let bad = tokens.joined().first(where: { $0 < 0 || $0 >= vocabularySize }) {
            throw EvaluationError(
                .invalidPredictions("token \(bad) is outside its vocabulary of \(vocabularySize)"), file: path)
        }
        index = Dictionary(tokens.enumerated().map { ($1.dropFirst(), $0) }) { first, _ in first }
        self.layout = layout
    }

    /// The file's windows as one text, with the name of the file.
    ///
    /// - Throws: ``EvaluationError`` if the tokenizer has more tokens than the file, or none of the windows is wanted.
    package func texts(_ tokenizer: Tokenizer, cut: WindowCut) throws -> [TokenWindows] {
        let bos = tokenizer.vocabulary.addsBOS ? tokenizer.vocabulary.specials.bos : nil
        guard tokenizer.vocabulary.count <= layout.vocabularySize else {
            throw EvaluationError(
                .vocabularyMismatch(size: tokenizer.vocabulary.count, referenceSize: layout.vocabularySize),
                file: file.path)
        }
        let windows = tokens.enumerated().map { number, tokens in
            var tokens = tokens
            if let bos { tokens[0] = bos }
            return EvaluationWindow(number: number, tokens: tokens, scored: layout.scored)
        }
        let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
        return [try TokenWindows(name: name, windows: windows, cut: cut, lengths: TokenLengths(tokenizer))]
    }

    /// Unknown: the program that wrote the file does not say.
    package var precision: Precision? { nil }

    /// Refuses a run with a vocabulary of another size. The form does not say which texts it is of; its windows are
    /// compared as they come.
    package func check(_ identity: PredictionIdentity, isOfAllTexts: Bool) throws {
        try demandVocabulary(ofSize: identity.vocabularySize)
    }

    private func demandVocabulary(ofSize size: Int) throws {
        guard size == layout.vocabularySize else {
            throw EvaluationError(
                .vocabularyMismatch(size: size, referenceSize: layout.vocabularySize), file: file.path)
        }
    }

    /// Finds the windows whose rows will be asked for, by their tokens but the first.
    ///
    /// - Throws: ``EvaluationError`` if one of them is not in the file or scores other tokens.
    package func begin(_ windows: ArraySlice<EvaluationWindow>) throws {
        places = try windows.flatMap { window in
            guard window.scored == layout.scored, let place = index[window.tokens.dropFirst()] else {
                throw EvaluationError(.otherWindows(number: window.number), file: file.path)
            }
            return (0..<layout.rowsPerWindow).map { (place, $0) }
        }
    }

    /// Compares a model's prediction with the stored one, which has 16 bits for each token and reaches 16 nats down.
    ///
    /// - Throws: ``EvaluationError`` if the vocabulary is of another size or the row is damaged; `FileError`.
    package func compare(row: Int, logits: UnsafeBufferPointer<Float>, token: Int32) throws -> LogitComparison {
        try demandVocabulary(ofSize: logits.count)
        let (window, row) = places[row]
        return try withUnsafeTemporaryAllocation(byteCount: layout.rowByteCount, alignment: 16) { bytes in
            try file.read(at: layout.rowOffset(window: window, row: row), into: bytes)
            let scale = Float(bitPattern: UInt32(littleEndian: bytes.load(as: UInt32.self)))
            let least = Float(bitPattern: UInt32(littleEndian: bytes.load(fromByteOffset: 4, as: UInt32.self)))
            guard scale >= 0, least.isFinite, scale * 65535 + least <= Self.greatestLogProbability else {
                throw EvaluationError(
                    .invalidPredictions("window \(window), row \(row) holds no log-probabilities"), file: file.path)
            }
            return withUnsafeTemporaryAllocation(of: Float.self, capacity: logits.count) { reference in
                for token in 0..<logits.count {
                    let code = UInt16(littleEndian: bytes.load(fromByteOffset: 8 &+ 2 &* token, as: UInt16.self))
                    reference[token] = scale * Float(code) + least
                }
                return LogitComparison(
                    referenceLogProbabilities: UnsafeBufferPointer(reference), above: -BaseLogitsLayout.depth,
                    logits: logits, token: token)
            }
        }
    }
}
