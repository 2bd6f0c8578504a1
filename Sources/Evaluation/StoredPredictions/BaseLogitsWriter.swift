import Files
import Runtime
import Synchronization

/// Stores a model's predictions in the form that `llama-perplexity --kl-divergence` reads.
package final class BaseLogitsWriter: PredictionRecorder, @unchecked Sendable {
    private let layout: BaseLogitsLayout
    private let file: Mutex<AtomicFile?>
    /// Encoded rows that are not written yet.
    private let pending = Mutex<[Int: [UInt8]]>([:])

    /// Begins the file; the texts' windows must be evaluated in this order.
    ///
    /// - Throws: ``EvaluationError`` if the windows are not those of llama.cpp's protocol; `FileError` if the file
    ///   cannot be written or the disk has no room for all of it.
    package init(path: String, texts: [TokenWindows], vocabularySize: Int) throws {
        let windows = texts.flatMap(\.windows)
        let layout = BaseLogitsLayout(
            context: windows[0].tokens.count, vocabularySize: vocabularySize, windowCount: windows.count)
        guard windows.allSatisfy({ $0.tokens.count == layout.context && $0.scored == layout.scored }) else {
            throw EvaluationError(.windowsOfOtherProtocol, file: path)
        }
        var file = try AtomicFile(path: path, expectedByteCount: layout.byteCount)
        try file.append(layout.header)
        for (window, first) in zip(windows, texts.flatMap(\.firstTokens)) {
            var bytes: [UInt8] = []
            for token in [first] + window.tokens.dropFirst() { withUnsafeBytes(of: token.littleEndian) { bytes += $0 } }
            try file.append(bytes)
        }
        self.layout = layout
        self.file = Mutex(consume file)
    }

    /// Does nothing: the file has all windows from the beginning.
    package func begin(_ windows: ArraySlice<EvaluationWindow>) {}

    /// Encodes the logits of one row; called from several threads.
    package func record(row: Int, logits: UnsafeBufferPointer<Float>) {
        let bytes = encoded(logits)
        pending.withLock { $0[row] = bytes }
    }

    /// Writes encoded rows, in their order.
    ///
    /// - Throws: `FileError` if they cannot be written.
    package func endRows(_ rows: Range<Int>) throws {
        for row in rows {
            guard let bytes = pending.withLock({ $0.removeValue(forKey: row) }) else { continue }
            try file.withLock { try $0?.append(bytes) }
        }
    }

    /// Gives the complete file its name.
    ///
    /// - Throws: `FileError` if it cannot be written.
    package func finish() throws {
        try file.withLock { file in
            guard let file = file.take() else { return }
            precondition(file.byteCount == layout.byteCount, "windows are missing")
            try file.commit()
        }
    }

    private func encoded(_ logits: UnsafeBufferPointer<Float>) -> [UInt8] {
        let greatest = logits.max()!
        let least = max(logits.min()!, greatest - BaseLogitsLayout.depth)
        let logSum = LogProbability.logSumExp(logits)
        let scale = (greatest - least) / 65535
        return [UInt8](unsafeUninitializedCapacity: layout.rowByteCount) { bytes, count in
            let base = UnsafeMutableRawPointer(bytes.baseAddress!)
            base.initializeMemory(as: UInt8.self, repeating: 0, count: layout.rowByteCount)
            base.storeBytes(of: scale.bitPattern.littleEndian, as: UInt32.self)
            base.storeBytes(
                of: Float(Double(least) - logSum).bitPattern.littleEndian, toByteOffset: 4, as: UInt32.self)
            if scale > 0 {
                let inverse = 1 / scale
                for token in 0..<logits.count where logits[token] > least {
                    let code = UInt16((inverse * (logits[token] - least)).rounded())
                    base.storeBytes(of: code.littleEndian, toByteOffset: 8 + 2 * token, as: UInt16.self)
                }
            }
            count = layout.rowByteCount
        }
    }
}
