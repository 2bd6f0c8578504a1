import Compression
import Evaluation
import Files
import Foundation
import Models
import Parallelism
import Pipelines
import Runtime
import TestSupport
import Tokenizers

extension FuzzTarget {
    private static let identityWords = [
        "swagepr1", "_logits_", "swage scores 1", "swage scores 2", "swage predictions 1", "format", "models",
        "reference", "tokenizer",
        "vocabularySize", "context", "stride", "parsesSpecial", "texts", "sha256", "tokens", "bytes", "characters",
        "logProbabilities", "divergences", "referenceLogProbabilities", "agrees", "window", "text", "fingerprint",
        "checksum", "version",
    ]

    /// What runs leave, and what they measure on.
    static let evaluations: [FuzzTarget] = [
        FuzzTarget("predictions", .binary, words: identityWords) { workplace in
            let written = try recorded(.swage, in: workplace)
            return [LooseArchive(written).bytes, written]
        } prepare: { workplace in
            let tokenizer = try workplace.model().tokenizer
            return { bytes in
                let path = try workplace.write(LooseArchive.packed(bytes), as: "predictions")
                try usePredictions(PredictionArchiveFile(path: path), tokenizer)
            }
        },
        FuzzTarget("base-logits", .binary, words: identityWords) { workplace in
            [try recorded(.llama, in: workplace)]
        } prepare: { workplace in
            let tokenizer = try workplace.model().tokenizer
            return { bytes in
                try usePredictions(BaseLogitsFile(path: workplace.write(bytes, as: "predictions")), tokenizer)
            }
        },
        FuzzTarget("scores", .json, words: identityWords) { workplace in
            let model = try workplace.model()
            let written = try [nil, model].map { reference in
                let path = workplace.file("seed-scores")
                try? FileManager.default.removeItem(atPath: path)
                var measurement = measurement
                measurement.scorePath = path
                _ = try measurement.run([model], reference: reference.map { .model($0) }, texts: [text])
                return try ReadableFile.contents(of: path)
            }
            return try written + written.map(withoutChecksums) + fixtures("hostile/terminal/scores.jsonl")
        } prepare: { workplace in
            { bytes in
                let path = try workplace.write(bytes, as: "scores.jsonl")
                let (identity, texts) = try ScoreFile.merged([path])
                for text in texts where !text.windows.isEmpty {
                    for model in identity.models.indices {
                        let result = try text.result(ofModel: model)
                        _ = (result.perplexity, result.perplexityPerByte, result.scoredTokenCount, result.divergence)
                    }
                }
                let continued = try ScoreFile(path: path, identity: identity, stateInterval: .seconds(60))
                _ = continued.finishedWindows(ofText: 0)
            }
        },
        FuzzTarget(
            "task", .json,
            words: [
                "query", "choices", "gold", "prompt", "answer", "question", "context", "ending0", "label", "ctx",
                "endings", "option1", "option2", "sentence", "_", "mc1_targets", "labels", "activity_label",
            ]
        ) { _ in
            try fixtures(in: "golden/tasks", suffix: ".jsonl")
        } prepare: { workplace in
            let tokenizer = try workplace.model().tokenizer
            return { bytes in
                let task = try EvaluationTask(contentsOf: workplace.write(bytes, as: "task.jsonl"))
                _ = task.unspacedQuestionCount
                for candidate in task.questions.prefix(4).flatMap(\.candidates).prefix(16) {
                    _ = tokenizer.encode(candidate.context + candidate.continuation, parseSpecial: false)
                }
            }
        },
        FuzzTarget("text.zst", .binary, words: ["(\u{b5}/\u{fd}", "{\"text\": \"a\"}\n"]) { _ in
            let lines = #"{"text": "one line"}"# + "\n" + #"{"text": "另一行"}"# + "\n"
            let texts = [Array(lines.utf8), Array(repeating: UInt8(ascii: "a"), count: 3000), []]
            return try (texts + fixtures("golden/predictions/text.txt")).map { Zstandard.compress($0) }
        } prepare: { workplace in
            let tokenizer = try workplace.model().tokenizer
            return { bytes in
                for name in ["text.jsonl.zst", "text.txt.zst"] {
                    let path = try workplace.write(bytes, as: name)
                    do {
                        let text = try EvaluationText(contentsOf: path)
                        _ = text.characterCount
                        _ = tokenizer.encode(text.bytes.prefix(2000), parseSpecial: true)
                    } catch let error as any DiagnosticError where name == "text.jsonl.zst" {
                        // What is no list of texts may be a text.
                        _ = error.diagnostic
                    }
                }
            }
        },
    ]

    private static let text = EvaluationText(
        name: "text", bytes: Array("A text of some words, and of more words than fit one window. 1234".utf8))

    private static var measurement: Pipelines.Measurement {
        Pipelines.Measurement(
            cut: WindowCut(context: 16, windowLimit: 2),
            compute: Compute(parallel: Parallel(threadCount: 1), memory: MemoryBudget(byteCount: 1 << 30)))
    }

    /// Scores as older versions have kept them, so that changes reach what the lines hold.
    private static func withoutChecksums(_ scores: [UInt8]) -> [UInt8] {
        let text = String(decoding: scores, as: UTF8.self).replacing(/,"checksum":"[0-9a-f]+"/, with: "")
        return Array(text.replacing("swage scores 2", with: "swage scores 1").utf8)
    }

    /// Stored predictions of the small model.
    private static func recorded(_ form: PredictionFile.Form, in workplace: Workplace) throws -> [UInt8] {
        let path = workplace.file("seed-\(form)")
        var measurement = measurement
        measurement.recording = PredictionFile(path: path, form: form)
        _ = try measurement.run([workplace.model()], texts: [text])
        return try ReadableFile.contents(of: path)
    }

    /// Compares all rows of the first windows with a prediction.
    private static func usePredictions(_ predictions: any StoredPredictions, _ tokenizer: Tokenizer) throws {
        var cut = predictions.cut
        cut.windowLimit = 2
        let logits = (0..<tokenizer.vocabulary.count).map { Float($0 % 17) / 4 }
        for text in try predictions.texts(tokenizer, cut: cut) {
            try predictions.begin(text.windows[...])
            let scored = text.windows.flatMap { $0.tokens[$0.scored] }
            for (row, token) in scored.enumerated().prefix(64) where Int(token) < logits.count {
                _ = try logits.withUnsafeBufferPointer {
                    try predictions.compare(row: row, logits: $0, token: token)
                }
            }
        }
    }
}

/// Swage's stored predictions with frames that are not compressed, so that changes reach what they hold.
struct LooseArchive {
    private static let magic = Array("loosepr1".utf8)
    private static let headerByteCount = 8
    let bytes: [UInt8]

    /// - Parameter archive: A file as it is written.
    init(_ archive: [UInt8]) {
        let objectEnd = Self.headerByteCount + 4 + Self.length(archive, at: Self.headerByteCount)
        var bytes = Self.magic + archive[Self.headerByteCount..<objectEnd]
        var offset = objectEnd
        while offset + 4 <= archive.count {
            let end = offset + 4 + Self.length(archive, at: offset)
            let content = (try? Zstandard.decompress(Array(archive[offset + 4..<end]), limit: 1 << 24)) ?? []
            bytes += withUnsafeBytes(of: UInt32(content.count).littleEndian) { Array($0) } + content
            offset = end
        }
        self.bytes = bytes
    }

    /// The file that such bytes stand for; other bytes stand for themselves.
    static func packed(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.starts(with: magic), bytes.count >= headerByteCount + 4 else { return bytes }
        let objectEnd = headerByteCount + 4 + length(bytes, at: headerByteCount)
        guard objectEnd <= bytes.count else { return bytes }
        var result = Array("swagepr1".utf8) + bytes[headerByteCount..<objectEnd]
        var offset = objectEnd
        while offset + 4 <= bytes.count {
            let end = min(bytes.count, offset + 4 + length(bytes, at: offset))
            let frame = Zstandard.compress(Array(bytes[offset + 4..<end]))
            result += withUnsafeBytes(of: UInt32(frame.count).littleEndian) { Array($0) } + frame
            offset = end
        }
        return result
    }

    private static func length(_ bytes: [UInt8], at offset: Int) -> Int {
        bytes[offset..<offset + 4].reversed().reduce(0) { $0 << 8 | Int($1) }
    }
}
