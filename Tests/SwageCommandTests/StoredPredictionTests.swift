import Foundation
import TestSupport
import Testing

/// Predictions in files: llama.cpp's form against llama-perplexity, and our own against the models themselves.
@Suite struct StoredPredictionTests {
    private static let text = Products.tinyText

    private func measure(_ arguments: String...) async throws -> PerplexityReport.Text {
        let outcome = try await Swage.run(["perplexity", "--json"] + arguments)
        try #require(outcome.status == 0, "\(outcome.error)")
        return try #require(try outcome.json(PerplexityReport.self).texts.first)
    }

    /// A figure of llama-perplexity, as it printed it.
    private struct Printed: Decodable {
        let value: Double
        let error: Double?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let pair = try? container.decode([Double].self) {
                (value, error) = (pair[0], pair[1])
            } else {
                (value, error) = (try container.decode(Double.self), nil)
            }
        }
    }

    private static func printed() throws -> [String: Printed] {
        try JSONDecoder().decode(
            [String: Printed].self, from: Data(path: Fixtures.path("golden/predictions/statistics.json")))
    }

    @Test(arguments: [[], ["--text", text, "--context", "32"]])
    func llamasFileGivesLlamasStatistics(text: [String]) async throws {
        let expected = try Self.printed()
        let outcome = try await Swage.run(
            ["perplexity", try await Products.tinyModel.value, "--base-logits", try await Products.tinyLogits.value]
                + text + ["--json"])
        try #require(outcome.status == 0, "\(outcome.error)")
        let report = try outcome.json(PerplexityReport.self)
        #expect(report.context == 32)
        let result = try #require(report.texts.first)
        #expect(result.windows == 12 && result.tokens == 180)
        let divergence = try #require(result.divergence)
        /// - Parameter unit: of the last printed digit.
        func expect(_ value: Double, _ name: String, unit: Double, scale: Double = 1) throws {
            let theirs = try #require(expected[name]).value
            #expect(abs(value * scale - theirs) <= 0.6 * unit + 1e-3 * abs(theirs), "\(name): \(value * scale)")
        }
        func expect(
            _ estimate: PerplexityReport.Estimate, _ name: String, unit: Double, errorUnit: Double? = nil,
            scale: Double = 1
        ) throws {
            try expect(estimate.value, name, unit: unit, scale: scale)
            let theirs = try #require(expected[name]?.error)
            let difference = abs(estimate.standardError * scale - theirs)
            #expect(difference <= 0.6 * (errorUnit ?? unit) + 2e-3 * theirs, "error of \(name)")
        }
        #expect(abs(result.perplexity / (try #require(expected["Mean PPL(Q)"]).value) - 1) < 1e-4)
        try expect(divergence.perplexityLogRatio, "Mean ln(PPL(Q)/PPL(base))", unit: 1e-6)
        try expect(divergence.perplexityRatio, "Mean PPL(Q)/PPL(base)", unit: 1e-6)
        try expect(divergence.perplexityDifference, "Mean PPL(Q)-PPL(base)", unit: 1e-6)
        try expect(divergence.correlation, "Cor(ln(PPL(Q)), ln(PPL(base)))", unit: 0.01, scale: 100)
        try expect(divergence.mean, "Mean KLD", unit: 1e-6)
        for (part, name) in [
            ("1", "Maximum"), ("0.999", "99.9%"), ("0.99", "99.0%"), ("0.95", "95.0%"), ("0.9", "90.0%"),
            ("0.5", "Median"), ("0.1", "10.0%"), ("0.05", "5.0%"), ("0.01", "1.0%"), ("0.001", "0.1%"),
            ("0", "Minimum"),
        ] {
            // The codes of llama.cpp's file have steps of up to 16 / 65535 nats.
            try expect(try #require(divergence.quantiles[part]), "\(name) KLD", unit: 5e-6)
            let change = try #require(divergence.probabilityChangeQuantiles[part])
            try expect(change, "\(name) Δp", unit: 1e-3, scale: 100)
        }
        try expect(divergence.probabilityChange, "Mean Δp", unit: 1e-3, scale: 100)
        try expect(divergence.probabilityChangeRMS, "RMS Δp", unit: 1e-3, scale: 100)
        try expect(divergence.topAgreement, "Same top p", unit: 1e-3, scale: 100)
    }

    /// The header, and of each row the scale, the least log-probability and the codes.
    private struct LlamaFile {
        let head: Data
        let rows: [(scale: Float, least: Float, codes: [Int])]

        init(_ path: String) throws {
            let data = try Data(path: path)
            let headLength = 20 + 4 * 32 * 12
            let rowLength = 2 * (272 + 4)
            head = data.prefix(headLength)
            try #require(data.count == headLength + 180 * rowLength)
            rows = (0..<180).map { row in
                let start = headLength + row * rowLength
                func number(_ offset: Int, _ count: Int) -> UInt32 {
                    (0..<count).reduce(0) { $0 | UInt32(data[start + offset + $1]) << (8 * UInt32($1)) }
                }
                return (
                    Float(bitPattern: number(0, 4)), Float(bitPattern: number(4, 4)),
                    (0..<272).map { Int(number(8 + 2 * $0, 2)) }
                )
            }
        }
    }

    /// The same bytes, except that logits differ in their last bits and a code in a hundred with them.
    @Test func ourFileIsLlamas() async throws {
        let workspace = try Workspace()
        let path = workspace.file("logits.bin")
        _ = try await measure(
            try await Products.tinyBase.value, "--text", Self.text, "--context", "32", "--save-base-logits", path,
            "--base-logits-format", "llama")
        let (ours, theirs) = (try LlamaFile(path), try LlamaFile(try await Products.tinyLogits.value))
        #expect(ours.head == theirs.head)
        var otherCodes = 0
        for (a, b) in zip(ours.rows, theirs.rows) {
            #expect(abs(a.scale / b.scale - 1) < 1e-5 && abs(a.least - b.least) < 1e-4)
            #expect(zip(a.codes, b.codes).allSatisfy { abs($0 - $1) <= 1 })
            otherCodes += zip(a.codes, b.codes).count { $0 != $1 }
        }
        #expect(otherCodes < 180 * 272 / 20)
        #expect(workspace.contents == ["logits.bin"])
    }

    @Test(arguments: ["fiction-en", "web-zh"])
    func aSmallFileInPlaceOfTheReference(name: String) async throws {
        let workspace = try Workspace()
        let (original, quantized) = (try await Products.original.value, try await Products.quantized.value)
        let options = ["--context", "256", "--chunks", "4", "--text", Fixtures.path("text/eval/\(name).txt"), "--json"]
        func report(_ arguments: [String]) async throws -> PerplexityReport {
            let outcome = try await Swage.run(["perplexity"] + arguments)
            try #require(outcome.status == 0, "\(outcome.error)")
            return try outcome.json(PerplexityReport.self)
        }
        func run(_ model: String, _ arguments: String...) async throws -> PerplexityReport.Text {
            try #require(try await report([model] + options + arguments).texts.first)
        }
        let (small, large) = (workspace.file("small"), workspace.file("large"))
        let alone = try await run(original, "--save-base-logits", small)
        _ = try await run(original, "--save-base-logits", large, "--base-logits-format", "llama")
        #expect(10 * (try Data(path: small).count) <= (try Data(path: large).count))

        let expected = try await run(quantized, "--reference", original)
        let divergence = try #require(expected.divergence)
        let stored = try await run(quantized, "--base-logits", small)
        let result = try #require(stored.divergence)
        #expect(abs(result.mean.value / divergence.mean.value - 1) < 0.01)
        #expect(abs(result.mean.standardError / divergence.mean.standardError - 1) < 0.1)
        // What is said of the tokens that follow is stored as it is.
        #expect(result.perplexityRatio.value == divergence.perplexityRatio.value)
        #expect(result.probabilityChangeRMS.value == divergence.probabilityChangeRMS.value)
        #expect(result.topAgreement.value == divergence.topAgreement.value)
        #expect(stored.perplexity == expected.perplexity)

        // Without a text, all that the file is of.
        let whole = try await report([quantized, "--base-logits", small, "--json"])
        #expect(whole.context == 256 && whole.texts.map(\.name) == [name])
        #expect(whole.texts[0].perplexity == stored.perplexity && whole.texts[0].windows == 4)
        #expect(whole.texts[0].divergence?.mean.value == result.mean.value)
        let part = try await report(
            [quantized, "--base-logits", small, "--from-chunk", "1", "--chunks", "2", "--json"])
        #expect(part.texts[0].windows == 2)

        // The reference beside itself: what is left is the rounding of what is stored.
        let same = try #require(try await run(original, "--base-logits", small).divergence)
        #expect(abs(same.mean.value) < 1e-6 && same.topAgreement.value == 1 && same.perplexityRatio.value == 1)
        // Nothing is left to compute, and the scores are in the file.
        #expect(try await run(original, "--save-base-logits", small).perplexity == alone.perplexity)
    }

    /// Windows of a text that repeats itself see the same tokens, but do not all score the same.
    @Test(arguments: [[], ["--stride", "16"], ["--stride", "32"], ["--stride", "1"]])
    func windowsOfARepeatingText(stride: [String]) async throws {
        let workspace = try Workspace()
        let text = try workspace.write("text.txt", String(repeating: "aaaaaaaaaaaaaaaa", count: 8).utf8)
        let models = (
            try await TinyModel(workspace), try await TinyModel(workspace, of: Products.tinyModel)
        )
        // The first window scores more than those after it, which see the same.
        try models.0.leaveOutBOS()
        try models.1.leaveOutBOS()
        let (base, model) = (models.0.path, models.1.path)
        let path = workspace.file("predictions")
        let options = ["--text", text, "--context", "32", "--json"] + stride
        #expect(try await Swage.run(["perplexity", base, "--save-base-logits", path] + options).status == 0)
        let stored = try await Swage.run(["perplexity", model, "--base-logits", path] + options)
        try #require(stored.status == 0, "\(stored.error)")
        let beside = try await Swage.run(["perplexity", model, "--reference", base] + options)
        let (a, b) = (try stored.json(PerplexityReport.self).texts[0], try beside.json(PerplexityReport.self).texts[0])
        #expect(a.windows == b.windows && a.tokens == b.tokens && a.perplexity == b.perplexity)
        let (ratio, expected) = (try #require(a.divergence).perplexityRatio, try #require(b.divergence).perplexityRatio)
        #expect(abs(ratio.value / expected.value - 1) < 1e-6)
        let alone = try await Swage.run("perplexity", model, "--base-logits", path, "--json")
        #expect(try alone.json(PerplexityReport.self).texts[0].perplexity == a.perplexity)
    }

    @Test(arguments: [0.1, 0.5, 0.9])
    func aKilledRunIsContinued(part: Double) async throws {
        let workspace = try Workspace()
        func arguments(_ name: String) async throws -> [String] {
            [
                "perplexity", try await Products.tinyBase.value, "--text", Fixtures.path("text/eval/fiction-en.txt"),
                "--context", "128", "--chunks", "200", "--memory", "108M", "--threads", "1", "--json",
                "--save-base-logits", workspace.file(name),
            ]
        }
        let whole = try await Swage.run(try await arguments("whole"))
        try #require(whole.status == 0, "\(whole.error)")
        let bytes = try Data(path: workspace.file("whole"))

        let unfinished = workspace.file("part.unfinished")
        let run = try Swage.Run(try await arguments("part"))
        await run.send(SIGKILL) { (try? Data(path: unfinished).count) ?? 0 >= Int(part * Double(bytes.count)) }
        // On a busy machine the kill can come too late; the file is complete then.
        let status = try await run.outcome().status
        #expect(status == 128 + SIGKILL || status == 0)
        // The states of the batch may be there too.
        if status != 0 {
            #expect(workspace.contents.filter { $0 != "part.state0" } == ["part.unfinished", "whole"])
        }
        // Half a window more, as a write that was cut off leaves it.
        if let left = try? Data(path: unfinished) { _ = try workspace.write("part.unfinished", left.dropLast(100)) }
        let second = try await Swage.run(try await arguments("part"))
        expectSameFigures(second, whole)
        #expect(try Data(path: workspace.file("part")) == bytes)
        #expect(workspace.contents == ["part", "whole"])
    }
}
