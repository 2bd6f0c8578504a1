import Compression
import Foundation
import TestSupport
import Testing

/// How texts are read and cut, and what their scores come to.
@Suite struct WindowTests {
    private static let model = Fixtures.path("models/apus-xdan-tiny")

    /// A text, and what transformers and numpy say of it; of `Tests/Generators/sliding_window_golden.py`.
    struct Case: Decodable, CustomTestStringConvertible {
        let text: String
        let context: Int
        let stride: Int
        let scored: Int
        /// Means and their errors.
        let perToken: [Double]
        let perByte: [Double]
        let perCharacter: [Double]

        var testDescription: String { "\(context) tokens every \(stride)" }

        static let all = Fixtures.cases(in: "golden/sliding_window.json") { path in
            try JSONDecoder().decode([Case].self, from: Data(path: path))
        }
    }

    @Test(arguments: try Case.all.get())
    func slidingWindowsAgainstTransformers(golden: Case) async throws {
        let workspace = try Workspace()
        let text = try workspace.write("text.txt", golden.text.utf8)
        let outcome = try await Swage.run(
            "perplexity", Self.model, "--text", text, "--context", "\(golden.context)", "--stride", "\(golden.stride)",
            "--parse-special", "--json")
        try #require(outcome.status == 0, "\(outcome.error)")
        let result = try #require(try outcome.json(PerplexityReport.self).texts.first)
        #expect(result.tokens == golden.scored)
        func expect(_ estimate: PerplexityReport.Estimate, _ expected: [Double], _ name: String) {
            #expect(abs(estimate.value / expected[0] - 1) < 1e-4, "\(name) \(estimate.value), not \(expected[0])")
            let error = estimate.standardError
            #expect(abs(error / expected[1] - 1) < 1e-3, "error of \(name) \(error), not \(expected[1])")
        }
        expect(result.nats.perToken, golden.perToken, "nats per token")
        expect(result.nats.perByte, golden.perByte, "nats per byte")
        expect(result.nats.perCharacter, golden.perCharacter, "nats per character")
    }

    @Test func thereAreCases() throws { #expect(try Case.all.get().count == 6) }

    /// Batches of one window each: nothing before a window belongs to it.
    @Test(arguments: ["1", "20", "32"])
    func windowsDoNotDependOnTheirBatch(stride: String) async throws {
        let workspace = try Workspace()
        let arguments = [
            "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "32",
            "--stride",
            stride, "--json",
        ]
        let whole = try await Swage.run(arguments + ["--chunks", "4"])
        try #require(whole.status == 0, "\(whole.error)")
        var parts: [String] = []
        for number in 0..<4 {
            parts.append(workspace.file("\(number)"))
            let part = try await Swage.run(
                arguments + ["--from-chunk", "\(number)", "--chunks", "1", "--save-scores", parts.last!])
            #expect(part.status == 0, "\(part.error)")
        }
        let merged = try await Swage.run(["perplexity", "--json", "--merge-scores"] + parts)
        let (a, b) = (try whole.json(PerplexityReport.self).texts[0], try merged.json(PerplexityReport.self).texts[0])
        #expect(a.tokens == b.tokens && abs(a.perplexity / b.perplexity - 1) < 1e-5)
    }

    @Test func fromOneWindowToAnother() async throws {
        func loss(_ options: String...) async throws -> (sum: Double, count: Int) {
            let outcome = try await Swage.run(
                [
                    "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "32",
                    "--json",
                ] + options)
            try #require(outcome.status == 0, "\(outcome.error)")
            let text = try outcome.json(PerplexityReport.self).texts[0]
            return (text.nats.perToken.value * Double(text.tokens), text.tokens)
        }
        let whole = try await loss()
        let (first, middle) = (try await loss("--chunks", "3"), try await loss("--from-chunk", "3", "--chunks", "4"))
        let last = try await loss("--from-chunk", "7")
        #expect(first.count == 45 && middle.count == 60 && whole.count == 180)
        #expect(abs((first.sum + middle.sum + last.sum) / whole.sum - 1) < 1e-6)
    }

    @Test func specialTokensOfATextAreTextUnlessTheyAreToBeParsed() async throws {
        let workspace = try Workspace()
        let text = try workspace.write("text.txt", String(repeating: "One.</s>Two.<s>", count: 40).utf8)
        func report(_ options: String...) async throws -> PerplexityReport.Text {
            let outcome = try await Swage.run(
                ["perplexity", Self.model, "--text", text, "--context", "32", "--json"] + options)
            try #require(outcome.status == 0, "\(outcome.error)")
            return try outcome.json(PerplexityReport.self).texts[0]
        }
        let (plain, parsed) = (try await report(), try await report("--parse-special"))
        #expect(plain.windows > parsed.windows && plain.perplexity != parsed.perplexity)
    }

    @Test func linesOfJSON() async throws {
        let workspace = try Workspace()
        let texts = ["One day, an \"old\" man", "went\nto the\tsea; 他走了 \u{1f30a}", "and did not come back."]
        let objects = [
            #"{"text": "One day, an \"old\" man", "id": 1}"#, "",
            "{\"meta\": {\"text\": \"no\"}, \"text\":\"went\\nto the\\tsea; \\u4ed6走了 \\ud83c\\udf0a\"}\r",
            #"{"text": "and did not come back."}"#,
        ]
        let lines = Array(objects.joined(separator: "\n").utf8)
        let paths = [
            try workspace.write("plain/text.txt", [UInt8](texts.joined(separator: "\n\n").utf8)),
            try workspace.write("lines/text.jsonl", lines),
            try workspace.write("compressed/text.jsonl.zst", Zstandard.compress(lines)),
            try workspace.write("one/text.txt.zst", Zstandard.compress(Array(texts.joined(separator: "\n\n").utf8))),
        ]
        var outputs: [String] = []
        for path in paths {
            let outcome = try await Swage.run(
                "perplexity", try await Products.tinyModel.value, "--text", path, "--context", "16", "--json")
            #expect(outcome.status == 0, "\(outcome.error)")
            outputs.append(outcome.output)
        }
        #expect(Set(outputs).count == 1 && outputs[0].contains("\"text\""))
    }

    private static func lines(_ name: String, _ content: String, _ words: String...) -> Refusal {
        Refusal(lines: name, content, words)
    }

    private static let hostile: [Refusal] = [
        lines("a line that is no JSON", "{\"text\": \"a\"}\nb\n", "/text.jsonl: line 2: it is no JSON object"),
        lines("a line without a text", "{\"content\": \"a\"}", "/text.jsonl: line 1: it is no JSON object"),
        lines("a text that is none", "{\"text\": 1}", "line 1: it is no JSON object", "{\"text\": \"…\"}"),
        lines("a list", "[\"text\"]", "line 1: it is no JSON object"),
        lines("a line that does not end", "{\"text\": \"a", "line 1: it is no JSON object"),
        lines("half a character", "{\"text\": \"\\ud83c\"}", "line 1: it is no JSON object"),
        lines("a deep line", String(repeating: "[", count: 100_000), "line 1: it is no JSON object"),
        lines("no lines", "\n\n \n", "/text.jsonl: the text has 1 token"),
        lines("empty texts", "{\"text\": \"\"}\n{\"text\": \"\"}", "/text.jsonl: the text has 2 tokens"),
        Refusal("half of a compressed text", status: 3, "/text.jsonl.zst: not a valid Zstandard file", "too early") {
            workspace in
            let bytes = Zstandard.compress(Array("{\"text\": \"a\"}".utf8)).dropLast(8)
            return ["perplexity", Products.checkpoint, "--text", try workspace.write("text.jsonl.zst", bytes)]
        },
    ]

    private static func text(_ name: String, _ content: String, _ options: [String], _ words: String) -> Refusal {
        Refusal(name, status: 3, "/text.txt: the text has \(words)", "--context") { workspace in
            ["perplexity", try await Products.tinyModel.value, "--text", try workspace.write("text.txt", content.utf8)]
                + options
        }
    }

    private static let short: [Refusal] = [
        text("no text", "", ["--context", "4"], "1 token, fewer than one window of 4"),
        text("no text, sliding", "", ["--context", "4", "--stride", "2"], "1 token"),
        text("one token", "e", ["--context", "4"], "2 tokens, fewer than one window of 4"),
        text(
            "too few windows", "the old man", ["--context", "4", "--from-chunk", "9"],
            "10 tokens, fewer than 10 windows of 4"),
    ]

    private static let cuts: [Refusal] = [
        Refusal("a context of 1, sliding", status: 2, "a context of 1 tokens scores nothing") { _ in
            [
                "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "1",
                "--stride", "1",
            ]
        },
        Refusal("a stride of 0", status: 2, "a stride of 0", "from 1 to the context of 32") { _ in
            [
                "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "32",
                "--stride", "0",
            ]
        },
        Refusal("a stride beyond the context", status: 2, "a stride of 33") { _ in
            [
                "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "32",
                "--stride", "33",
            ]
        },
        Refusal("a context beyond the model's", status: 2, "a context of 257 tokens is more than the model's 256") {
            _ in
            ["perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "257"]
        },
        Refusal("a context beyond the reference's", status: 2, "a context of 129 tokens is more than the model's 128") {
            workspace in
            var bytes = try Data(path: try await Products.tinyBase.value)
            let key = try #require(bytes.range(of: Data("llama.context_length".utf8)))
            bytes[key.upperBound + 4] = 128
            bytes[key.upperBound + 5] = 0
            return [
                "perplexity", try await Products.tinyModel.value, "--text", Products.tinyText, "--context", "129",
                "--reference", try workspace.write("short.gguf", bytes),
            ]
        },
        Refusal("windows before the first", status: 2, "--from-chunk must not be negative") { _ in
            ["perplexity", Products.checkpoint, "--text", Products.tinyText, "--from-chunk=-1"]
        },
    ]

    @Test(arguments: hostile) func refusedLines(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: short) func refusedTexts(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: cuts) func refusedCuts(refusal: Refusal) async throws { try await refusal.check() }
}

extension Refusal {
    /// A text of JSON lines.
    fileprivate init(lines name: String, _ content: String, _ words: [String]) {
        self.init(name, status: 3, words: words) { workspace in
            ["perplexity", Products.checkpoint, "--text", try workspace.write("text.jsonl", content.utf8)]
        }
    }
}
