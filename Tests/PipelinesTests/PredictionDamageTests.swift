import Evaluation
import Files
import Foundation
import Models
import Numerics
import Parallelism
import Pipelines
import Runtime
import TestSupport
import Testing

/// Stored predictions with bytes changed or missing: an error or, where nothing tells, figures; never the end of the process.
@Suite struct PredictionDamageTests {
    private static let windowCount = 3

    /// Two tiny models and stored predictions of the first.
    private struct Subject {
        let base: Model
        let model: Model
        let text: EvaluationText
        let path: String
        let bytes: [UInt8]

        init(_ form: PredictionFile.Form, in directory: String) throws {
            let models = try ["base", "model"].map { name in
                let path = "\(directory)/\(name).gguf"
                try Data(Fixtures.decompressed("golden/predictions/\(name).gguf.zst")).write(to: URL(filePath: path))
                return try Model.open(path)
            }
            (base, model) = (models[0], models[1])
            text = try EvaluationText(contentsOf: Fixtures.path("golden/predictions/text.txt"))
            path = "\(directory)/predictions"
            var measurement = PredictionDamageTests.measurement
            measurement.recording = PredictionFile(path: path, form: form)
            _ = try measurement.run([base], texts: [text])
            bytes = try ReadableFile.contents(of: path)
        }

        /// - Parameter isOfAllTexts: whether the texts are those of the file.
        func divergence(of bytes: [UInt8], isOfAllTexts: Bool) throws -> Double? {
            try Data(bytes).write(to: URL(filePath: path))
            return try PredictionDamageTests.measurement.run(
                [model], reference: .predictions(path: path), texts: isOfAllTexts ? [] : [text]
            ).models[0].first?.divergence?.divergence.mean
        }

        /// Continues an unfinished file of these bytes.
        func continued(_ bytes: [UInt8]) throws {
            let unfinished = path + "-2.unfinished"
            try Data(bytes).write(to: URL(filePath: unfinished))
            defer { for name in [unfinished, path + "-2"] { try? FileManager.default.removeItem(atPath: name) } }
            var measurement = PredictionDamageTests.measurement
            measurement.recording = PredictionFile(path: path + "-2", form: .swage)
            _ = try measurement.run([base], texts: [text])
        }
    }

    private static var measurement: Pipelines.Measurement {
        Pipelines.Measurement(
            cut: WindowCut(context: 32, windowLimit: windowCount),
            compute: Compute(parallel: Parallel(threadCount: 1), memory: MemoryBudget(byteCount: 1 << 30)))
    }

    @Test(arguments: PredictionFile.Form.allCases)
    func changedBytes(form: PredictionFile.Form) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let subject = try Subject(form, in: directory)
            let expected = try #require(try subject.divergence(of: subject.bytes, isOfAllTexts: false))
            var random = SeededRandom(seed: 5)
            var refusedCount = 0
            // The beginning whole, then places anywhere.
            let places = Array(0..<60) + (0..<240).map { _ in Int.random(in: 0..<subject.bytes.count, using: &random) }
            for place in places {
                var bytes = subject.bytes
                bytes[place] ^= UInt8.random(in: 1...255, using: &random)
                do {
                    let found = try subject.divergence(of: bytes, isOfAllTexts: place % 2 == 0)
                    // What the checksums of our form let pass is its description, which changes no figure.
                    if form == .swage { #expect(found == expected, "byte \(place)") }
                } catch {
                    refusedCount += 1
                    #expect(error is any DiagnosticError, "byte \(place): \(error)")
                }
            }
            #expect(refusedCount > (form == .swage ? 200 : 20), "\(refusedCount) of \(places.count)")
        }
    }

    @Test(arguments: PredictionFile.Form.allCases)
    func missingBytes(form: PredictionFile.Form) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let subject = try Subject(form, in: directory)
            var random = SeededRandom(seed: 6)
            let lengths = Array(0..<40) + (0..<80).map { _ in Int.random(in: 0..<subject.bytes.count, using: &random) }
            for length in lengths + [subject.bytes.count - 1] {
                #expect(throws: EvaluationError.self, "\(length) bytes") {
                    try subject.divergence(of: Array(subject.bytes.prefix(length)), isOfAllTexts: length % 2 == 0)
                }
            }
            #expect(throws: EvaluationError.self) {
                try subject.divergence(of: subject.bytes + [0], isOfAllTexts: true)
            }
        }
    }

    @Test func unfinishedFilesWithChangedBytes() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let subject = try Subject(.swage, in: directory)
            var random = SeededRandom(seed: 7)
            for _ in 0..<60 {
                var bytes = Array(subject.bytes.prefix(Int.random(in: 1...subject.bytes.count, using: &random)))
                bytes[Int.random(in: bytes.indices, using: &random)] ^= UInt8.random(in: 1...255, using: &random)
                do {
                    try subject.continued(bytes)
                } catch {
                    #expect(error is any DiagnosticError, "\(error)")
                }
            }
        }
    }
}
