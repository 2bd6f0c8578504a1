import Foundation
import TestSupport
import Testing

/// `--pre-tokenizer`, for checkpoints whose pattern for words is not known.
@Suite struct PreTokenizerTests {
    private static let original = Fixtures.path("models/xverse-ent-tiny")
    private static let text = Fixtures.path("text/eval/web-en.txt")

    /// The bundled byte-level checkpoint with an unknown pattern of the same meaning.
    private func checkpoint(in workspace: Workspace) throws -> String {
        let path = workspace.file("checkpoint")
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.original) where file != "tokenizer.json" {
            try FileManager.default.createSymbolicLink(
                atPath: "\(path)/\(file)", withDestinationPath: "\(Self.original)/\(file)")
        }
        let json = try String(contentsOfFile: "\(Self.original)/tokenizer.json", encoding: .utf8)
        let changed = json.replacing("{1,3}", with: "{1,1}\\\\p{N}{0,2}")
        #expect(changed != json)
        try changed.write(toFile: "\(path)/tokenizer.json", atomically: false, encoding: .utf8)
        return path
    }

    @Test func theErrorNamesTheOption() async throws {
        let workspace = try Workspace()
        let outcome = try await Swage.run("tokenize", try checkpoint(in: workspace), "--text", "a")
        #expect(outcome.status == 3)
        for word in [
            "tokenizer.json", "pre_tokenizer[0]", #"\p{N}{1,1}\p{N}{0,2}"#, "--pre-tokenizer NAME", "llama-bpe",
            "qwen2",
        ] { #expect(outcome.error.contains(word), "\(outcome.error)") }
    }

    @Test func isTakenByEveryCommandThatReadsACheckpoint() async throws {
        let workspace = try Workspace()
        let model = try checkpoint(in: workspace)
        let (gguf, importance) = (workspace.file("model.gguf"), workspace.file("importance.gguf"))
        let small = ["--context", "32", "--chunks", "1"]
        let commands = [
            ["convert", model, "-o", gguf], ["quantize", model, "--type", "Q4_K_M", "--dry-run"],
            ["tokenize", model, "--text", "12345"], ["generate", model, "--prompt", "a", "--max-new-tokens", "1"],
            ["perplexity", model] + small + ["--text", Self.text],
            ["imatrix", model, "-o", importance] + small + ["--text", Self.text], ["inspect", model],
            ["report", "--model", "a=\(model)", "--text", "b=\(Self.text)"] + small, ["compare", model, gguf],
        ]
        for command in commands {
            let without = try await Swage.run(command)
            #expect(without.status == 3 && without.error.contains("--pre-tokenizer"), "\(command): \(without.error)")
            let with = try await Swage.run(command + ["--pre-tokenizer", "llama-bpe"])
            #expect(with.status == 0, "\(command): \(with.error)")
        }

        let expected = try await Swage.run("tokenize", Self.original, "--file", Self.text)
        for model in [model, gguf] {
            let found = try await Swage.run("tokenize", model, "--file", Self.text, "--pre-tokenizer", "llama-bpe")
            #expect(found.output == expected.output)
        }
        let inspected = try await Swage.run("inspect", gguf)
        #expect(inspected.output.contains("\"llama-bpe\""))
        let other = try await Swage.run("tokenize", gguf, "--text", "a", "--pre-tokenizer", "qwen2")
        #expect(other.status == 2)
        #expect(other.error.contains("\"llama-bpe\", not \"qwen2\""), "\(other.error)")
    }

    @Test func otherNamesAreRefused() async throws {
        let unknown = try await Swage.run("tokenize", Self.original, "--text", "a", "--pre-tokenizer", "none-such")
        #expect(unknown.status == 2)
        #expect(unknown.error.contains("none-such"))
        for name in ["llama-bpe", "qwen2", "gpt-2", "deepseek-llm", "deepseek-coder", "deepseek-v3"] {
            #expect(unknown.error.contains(name), "\(unknown.error)")
        }
        let characters = try await Swage.run(
            "tokenize", Products.checkpoint, "--text", "a", "--pre-tokenizer", "llama-bpe")
        #expect(characters.status == 3)
        #expect(characters.error.contains("byte-level"), "\(characters.error)")
    }
}
