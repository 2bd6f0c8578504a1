import Compression
import Files
import Tokenizers

/// The layout of Swage's file of predictions, a small fraction of llama.cpp's.
///
/// `swagepr1`; the length of a JSON object (u32) and the object, a ``PredictionIdentity``; then frames, each its length (u32)
/// and as many bytes of Zstandard. The first frame holds all windows: their number (u32), and for each its text, its number
/// in it, its tokens' count, the first scored and the one after the last (u32), and its tokens (i32). Each other frame holds
/// the ``PredictionRows`` of one window, in order.
struct PredictionArchive {
    static let magic = Array("swagepr1".utf8)
    static let format = "swage predictions 1"

    let identity: PredictionIdentity
    let windows: [ArchivedWindow]
    /// Where in the file the frame of each complete window is.
    let frames: [Range<Int>]
    /// Bytes of the file up to the last complete frame.
    let byteCount: Int

    struct ArchivedWindow: Hashable {
        let text: Int
        let window: EvaluationWindow
    }

    /// The most bytes that a frame of some bytes may become: windows that overlap shrink to a small part, nothing to less.
    private static func byteLimit(ofFrame byteCount: Int) -> Int { max(1 << 25, 1024 * byteCount) }

    /// The most bytes that the description of a run may have.
    private static let objectByteLimit = 1 << 24

    /// Whether all windows are there.
    var isComplete: Bool { frames.count == windows.count }

    /// The bytes of a frame's length, before the frame.
    static let frameLengthByteCount = 4

    /// The windows of all texts, in their order.
    static func windows(of texts: [TokenWindows]) -> [ArchivedWindow] {
        texts.enumerated().flatMap { text, windows in
            windows.windows.map { ArchivedWindow(text: text, window: $0) }
        }
    }

    /// What comes before the frames of predictions.
    static func header(_ identity: PredictionIdentity, windows: [ArchivedWindow]) -> [UInt8] {
        let object = identity.encoded
        var bytes = magic
        func append(_ value: Int) { withUnsafeBytes(of: UInt32(value).littleEndian) { bytes += $0 } }
        append(object.count)
        bytes += object
        var list: [UInt8] = []
        func add(_ value: Int) { withUnsafeBytes(of: UInt32(value).littleEndian) { list += $0 } }
        add(windows.count)
        for entry in windows {
            let window = entry.window
            for number in [
                entry.text, window.number, window.tokens.count, window.scored.lowerBound, window.scored.upperBound,
            ] { add(number) }
            for token in window.tokens { add(Int(token)) }
        }
        return bytes + frame(list)
    }

    static func frame(_ content: [UInt8]) -> [UInt8] {
        let compressed = Zstandard.compress(content)
        return withUnsafeBytes(of: UInt32(compressed.count).littleEndian) { Array($0) } + compressed
    }

    /// Reads what a file holds, as far as it is complete.
    ///
    /// - Parameter read: the bytes of a range of the file.
    init(path: String, byteCount: Int, read: (Range<Int>) throws -> [UInt8]) throws {
        func damage(_ problem: String) -> EvaluationError { EvaluationError(.invalidPredictions(problem), file: path) }
        func length(at offset: Int) throws -> Int? {
            guard offset + Self.frameLengthByteCount <= byteCount else { return nil }
            return try read(offset..<offset + Self.frameLengthByteCount).withUnsafeBytes {
                Int(UInt32(littleEndian: $0.loadUnaligned(as: UInt32.self)))
            }
        }
        guard byteCount >= 12, try read(0..<8) == Self.magic else {
            throw EvaluationError(.notPredictions, file: path)
        }
        guard let objectLength = try length(at: 8), objectLength <= byteCount - 12,
            objectLength <= Self.objectByteLimit,
            let identity = PredictionIdentity(encoded: try read(12..<12 + objectLength))
        else { throw damage("its description cannot be read") }
        if let problem = identity.impossibility { throw damage(problem) }
        guard identity.format == Self.format else { throw damage("it has the unknown format \(identity.format)") }
        var frames: [Range<Int>] = []
        var offset = 12 + objectLength
        while let length = try length(at: offset), length <= byteCount - offset - 4 {
            frames.append(offset + 4..<offset + 4 + length)
            offset += 4 + length
        }
        guard !frames.isEmpty else { throw damage("its list of windows is cut off") }
        let list = try Self.content(of: read(frames.removeFirst()), limit: .max, path: path)
        guard let windows = Self.windows(list, identity) else { throw damage("its list of windows cannot be read") }
        guard frames.count <= windows.count else {
            throw damage("it has \(frames.count) windows, \(windows.count) expected")
        }
        self.identity = identity
        self.windows = windows
        self.frames = frames
        self.byteCount = offset
    }

    private static func content(of frame: [UInt8], limit: Int, path: String) throws -> [UInt8] {
        do throws(Zstandard.Failure) {
            return try Zstandard.decompress(frame, limit: min(limit, byteLimit(ofFrame: frame.count)))
        } catch {
            throw EvaluationError(.invalidPredictions(error.reason), file: path)
        }
    }

    /// The rows of one window's frame.
    static func rows(of frame: [UInt8], window: EvaluationWindow, vocabularySize: Int, path: String) throws
        -> PredictionRows
    {
        let limit = PredictionRows.byteLimit(rowCount: window.scored.count, vocabularySize: vocabularySize)
        guard
            let rows = PredictionRows(
                bytes: try content(of: frame, limit: limit, path: path), vocabularySize: vocabularySize),
            rows.rows.count == window.scored.count
        else {
            throw EvaluationError(
                .invalidPredictions("the predictions of window \(window.number) cannot be read"), file: path)
        }
        return rows
    }

    private static func windows(_ bytes: [UInt8], _ identity: PredictionIdentity) -> [ArchivedWindow]? {
        bytes.withUnsafeBytes { buffer in
            var cursor = ByteCursor(buffer)
            func number() -> Int? { (try? cursor.read(UInt32.self)).map { Int($0) } }
            guard let count = number(), count <= cursor.remaining / 20 else { return nil }
            var windows: [ArchivedWindow] = []
            for _ in 0..<count {
                guard let text = number(), let place = number(), let tokenCount = number(), let first = number(),
                    let end = number(), text < identity.texts.count, first >= 1, first <= end, end <= tokenCount,
                    tokenCount <= cursor.remaining / 4
                else { return nil }
                let tokens = (0..<tokenCount).compactMap { _ in number().map { Int32(truncatingIfNeeded: $0) } }
                guard tokens.allSatisfy({ $0 >= 0 && $0 < identity.vocabularySize }) else { return nil }
                windows.append(
                    ArchivedWindow(
                        text: text, window: EvaluationWindow(number: place, tokens: tokens, scored: first..<end)))
            }
            return cursor.remaining == 0 ? windows : nil
        }
    }
}
