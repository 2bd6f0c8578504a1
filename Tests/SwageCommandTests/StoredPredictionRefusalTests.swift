import Foundation
import TestSupport
import Testing

/// Stored predictions that do not belong to the run they are given to.
@Suite struct StoredPredictionRefusalTests {
    private static let text = Products.tinyText
    private static let window = ["--text", text, "--context", "32"]

    /// Predictions of the tiny model.
    private static func predictions(_ workspace: Workspace, _ options: String...) async throws -> String {
        let path = workspace.file("predictions")
        let outcome = try await Swage.run(
            ["perplexity", try await Products.tinyBase.value, "--save-base-logits", path] + window + options)
        try #require(outcome.status == 0, "\(outcome.error)")
        return path
    }

    private static func compare(_ path: String, _ options: [String] = window) async throws -> [String] {
        ["perplexity", try await Products.tinyModel.value, "--base-logits", path] + options
    }

    private static let archives: [Refusal] = [
        Refusal("another tokenizer", status: 3, "/predictions: the stored predictions are of another tokenizer") {
            workspace in
            ["perplexity", Products.checkpoint, "--base-logits", try await predictions(workspace)] + window
        },
        Refusal("another vocabulary and no text", status: 3, "/predictions: its vocabulary of 4096 tokens", "271") {
            workspace in
            ["perplexity", Products.checkpoint, "--base-logits", try await predictions(workspace)]
        },
        Refusal("another text", status: 3, "/predictions: the stored predictions are of another text text") {
            workspace in
            let other = try workspace.write("text.txt", try Data(path: text).dropLast())
            return try await compare(try await predictions(workspace), ["--text", other, "--context", "32"])
        },
        Refusal("another context", status: 3, "/predictions: the stored predictions are of a context of 32, not 64") {
            workspace in
            try await compare(try await predictions(workspace), ["--text", text, "--context", "64"])
        },
        Refusal("another cut", status: 3, "/predictions: the stored predictions are of texts that are cut") {
            workspace in
            try await compare(try await predictions(workspace), window + ["--stride", "16"])
        },
        Refusal("windows that are not stored", status: 3, "/predictions: window 3: its tokens are not among") {
            workspace in
            try await compare(try await predictions(workspace, "--chunks", "3"))
        },
        Refusal("more windows than there are", status: 3, "13 windows of 32", "an earlier --from-chunk") { workspace in
            try await compare(try await predictions(workspace), ["--from-chunk", "12"])
        },
        Refusal("cut off", status: 3, "/predictions: the stored predictions are damaged", "did not finish") {
            workspace in
            let path = try await predictions(workspace)
            _ = try workspace.write("predictions", try Data(path: path).dropLast())
            return try await compare(path)
        },
        Refusal("text for predictions", status: 3, "it is no file of stored predictions", "--save-base-logits") { _ in
            try await compare(text)
        },
        Refusal("nothing for predictions", status: 3, "it is no file of stored predictions") { workspace in
            try await compare(try workspace.write("empty", []))
        },
    ]

    private static let llamas: [Refusal] = [
        Refusal("overlapping windows for llama.cpp", status: 2, "{out}: llama.cpp's form cannot hold", "--stride") {
            _ in
            [
                "perplexity", try await Products.tinyBase.value, "--stride", "16", "--save-base-logits", "{out}",
                "--base-logits-format", "llama",
            ] + window
        },
        Refusal("overlapping windows of llama.cpp", status: 3, "/base_logits.bin: window 0: its tokens are not among") {
            _ in
            try await compare(try await Products.tinyLogits.value, window + ["--stride", "16"])
        },
        Refusal("llama.cpp's of another text", status: 3, "/base_logits.bin: window 0: its tokens are not among") { _ in
            try await compare(
                try await Products.tinyLogits.value,
                ["--text", Fixtures.path("text/eval/web-en.txt"), "--context", "32", "--chunks", "1"])
        },
        Refusal("llama.cpp's of another vocabulary", status: 3, "/base_logits.bin: its vocabulary of 4096", "271") {
            _ in
            ["perplexity", Products.checkpoint, "--base-logits", try await Products.tinyLogits.value] + window
        },
        Refusal("llama.cpp's, cut off", status: 3, "/cut: the stored predictions are damaged", "did not finish") {
            workspace in
            let whole = try Data(path: try await Products.tinyLogits.value)
            return try await compare(try workspace.write("cut", whole.dropLast(2)))
        },
        Refusal("llama.cpp's with impossible counts", status: 3, "2147483647 windows", "are impossible") { workspace in
            var bytes = try Data(path: try await Products.tinyLogits.value)
            bytes.replaceSubrange(16..<20, with: [255, 255, 255, 127])
            return try await compare(try workspace.write("hostile", bytes))
        },
    ]

    /// Numbers of the description that no run can have, and one that this model cannot.
    private static let descriptions: [(name: String, change: String, value: String, words: String)] = [
        ("no vocabulary", "vocabularySize", "0", "a vocabulary of 0 tokens is impossible"),
        ("a negative vocabulary", "vocabularySize", "-272", "a vocabulary of -272 tokens is impossible"),
        ("a huge vocabulary", "vocabularySize", "9223372036854775807", "9223372036854775807 tokens is impossible"),
        ("no context", "context", "0", "windows of 0 tokens are impossible"),
        ("a context that scores nothing", "context", "3", "windows of 3 tokens are impossible"),
        ("a negative context", "context", "-32", "windows of -32 tokens are impossible"),
        ("a context of no model", "context", "1000000", "are of windows of 1000000 tokens, the model sees"),
        ("a stride of nothing", "stride", "0", "begin every 0 tokens are impossible"),
        ("a stride above the context", "stride", "33", "begin every 33 tokens are impossible"),
        ("negative tokens", "texts.tokens", "-1", "a text of -1 tokens"),
        ("negative bytes", "texts.bytes", "-1", "-1 bytes"),
        ("more characters than bytes", "texts.characters", "100000", "100000 characters is impossible"),
    ]

    private static let impossible = descriptions.map { description in
        Refusal(description.name, status: 3, "/hostile: the stored predictions are", description.words) { workspace in
            let bytes = try Data(path: try await predictions(workspace))
            let end = 12 + bytes[8..<12].reversed().reduce(0) { $0 << 8 | Int($1) }
            var object = try #require(JSONSerialization.jsonObject(with: bytes[12..<end]) as? [String: Any])
            let number = try #require(Int(description.value))
            if description.change.hasPrefix("texts.") {
                var texts = try #require(object["texts"] as? [[String: Any]])
                texts[0][String(description.change.dropFirst(6))] = number
                object["texts"] = texts
            } else {
                object[description.change] = number
            }
            let json = try JSONSerialization.data(withJSONObject: object)
            let length = (0..<4).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }
            return try await compare(try workspace.write("hostile", bytes[..<8] + length + json + bytes[end...]), [])
        }
    }

    @Test(arguments: impossible) func impossibleDescriptions(refusal: Refusal) async throws {
        try Conformance.row("inputs/predictions-of-no-run")
        try await refusal.check()
    }

    /// What stands where predictions are to be stored is left alone.
    private static let targets: [Refusal] = [
        Refusal("in place of another run's", status: 2, "/predictions: the file is there and is of a context of 32") {
            workspace in
            let path = try await predictions(workspace)
            return [
                "perplexity", try await Products.tinyBase.value, "--save-base-logits", path, "--text", text,
                "--context", "64",
            ]
        },
        Refusal("in place of another model's", status: 2, "/predictions: the file is there and is of other models") {
            workspace in
            let path = try await predictions(workspace)
            return ["perplexity", try await Products.tinyModel.value, "--save-base-logits", path] + window
        },
        Refusal("in place of fewer windows", status: 2, "/predictions: the file is there and is of other windows") {
            workspace in
            let path = try await predictions(workspace, "--chunks", "2")
            return ["perplexity", try await Products.tinyBase.value, "--save-base-logits", path] + window
        },
        Refusal("in place of a damaged file", status: 3, "/predictions: the stored predictions are damaged: it is cut")
        {
            workspace in
            let path = try await predictions(workspace)
            _ = try workspace.write("predictions", try Data(path: path).dropLast())
            return ["perplexity", try await Products.tinyBase.value, "--save-base-logits", path] + window
        },
        Refusal("in place of notes", status: 3, "/notes: it is no file of stored predictions") { workspace in
            let path = try workspace.write("notes", "notes".utf8)
            return ["perplexity", try await Products.tinyBase.value, "--save-base-logits", path] + window
        },
        Refusal("in place of the model", status: 2, "the output is also an input") { workspace in
            let model = try workspace.write("copy.gguf", Data(path: try await Products.tinyBase.value))
            return ["perplexity", model, "--save-base-logits", model] + window
        },
    ]

    @Test(arguments: archives) func refusedArchives(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: llamas) func refusedFilesOfLlama(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: targets) func refusedTargets(refusal: Refusal) async throws { try await refusal.check() }
}
