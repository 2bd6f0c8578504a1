import Foundation
import GGUF
import Platform
import TestSupport
import Testing

/// Inputs that would cost memory or time without end: all are refused, with nothing read that is not needed.
@Suite struct HostileInputTests {
    /// A run that reads a file as something.
    struct Reading: Sendable, CustomTestStringConvertible {
        let name: String
        /// `{file}` is the file, `{model}` the checkpoint that it is in.
        let arguments: [String]
        /// The file's name in the checkpoint, if it is there; others have to be removed.
        let place: String?
        let removed: [String]

        init(_ name: String, _ line: String, at place: String? = nil, without removed: [String] = []) {
            self.name = name
            arguments = line.split(separator: " ").map(String.init)
            self.place = place
            self.removed = removed
        }

        var testDescription: String { name }
    }

    private static let inspect = "inspect {model}"
    private static let shards = (1...3).map { CheckpointCopy.shard($0) }
    private static let index = "model.safetensors.index.json"

    static let readings: [Reading] = [
        Reading("configuration", inspect, at: "config.json"),
        Reading("tokenizer", inspect, at: "tokenizer.json"),
        Reading("tokenizer's configuration", inspect, at: "tokenizer_config.json"),
        Reading("special tokens", inspect, at: "special_tokens_map.json"),
        Reading("generation's configuration", inspect, at: "generation_config.json"),
        Reading("added tokens", inspect, at: "added_tokens.json"),
        Reading("chat template of a checkpoint", inspect, at: "chat_template.jinja"),
        Reading("older chat template", inspect, at: "chat_template.json"),
        Reading("SentencePiece model", inspect, at: "tokenizer.model", without: ["tokenizer.json"]),
        Reading("SentencePiece model beside a tokenizer", inspect, at: "tokenizer.model"),
        Reading("vocabulary", inspect, at: "vocab.json", without: ["tokenizer.json"]),
        Reading("index", inspect, at: index),
        Reading("index of another name", inspect, at: "other.safetensors.index.json", without: [index]),
        Reading("index of PyTorch files", inspect, at: "pytorch_model.bin.index.json", without: [index] + shards),
        Reading("PyTorch file", inspect, at: "pytorch_model.bin", without: [index] + shards),
        Reading("shard", inspect, at: shards[1]),
        Reading("single file of weights", inspect, at: "model.safetensors", without: [index] + shards),
        Reading("GGUF", "inspect {file}"),
        Reading("importance matrix", "imatrix --show {file}"),
        Reading("importance matrix to use", "quantize {model} --type IQ2_XS --dry-run --imatrix {file}"),
        Reading("second moments", "quantize {model} --type Q4_0 --dry-run --hessian {file}"),
        Reading("recipe", "quantize {model} --dry-run --recipe {file}"),
        Reading("types of tensors", "quantize {model} --type Q4_0 --dry-run --tensor-type-file {file}"),
        Reading("text", "perplexity {model} --text {file}"),
        Reading("text of lines", "perplexity {model} --text {file}.jsonl"),
        Reading("compressed text", "perplexity {model} --text {file}.zst"),
        Reading("prompt", "generate {model} --file {file}"),
        Reading("text to encode", "tokenize {model} --file {file}"),
        Reading("task", "evaluate {model} --task {file}"),
        Reading("compressed task", "evaluate {model} --task {file}.zst"),
        Reading("scores", "perplexity --merge-scores {file}"),
        Reading("plan", "run {file} --all"),
        Reading("stored predictions", "perplexity {model} --base-logits {file}"),
        Reading("template", "chat {model} --template {file}"),
        Reading("template to write", "convert {model} --dry-run -o out --chat-template {file}"),
        Reading("functions", "chat {model} --template chatml --tools {file}"),
        Reading("documents", "chat {model} --template chatml --documents {file}"),
        Reading("metadata", "convert {model} --dry-run -o out --metadata {file}"),
    ]

    /// What lies where a file is expected.
    enum Kind: String, CaseIterable, Sendable {
        /// 100 GiB, and nothing on the disk.
        case sparse
        /// A pipe that nobody writes to.
        case pipe

        func make(at path: String) throws {
            unlink(path)
            switch self {
            case .sparse:
                try #require(FileManager.default.createFile(atPath: path, contents: nil))
                try #require(truncate(path, 100 << 30) == 0)
            case .pipe: try #require(mkfifo(path, 0o600) == 0)
            }
        }
    }

    @Test(arguments: readings, Kind.allCases)
    func filesThatAreNone(reading: Reading, kind: Kind) async throws {
        try Conformance.row(kind == .sparse ? "inputs/sparse-file" : "inputs/pipe")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        let file = reading.place.map { "\(checkpoint.path)/\($0)" } ?? workspace.file("file")
        for name in reading.removed { try checkpoint.remove(name) }
        for suffix in reading.place == nil ? ["", ".jsonl", ".zst"] : [""] { try kind.make(at: file + suffix) }
        let arguments = reading.arguments.map {
            $0.replacing("{model}", with: checkpoint.path).replacing("{file}", with: file)
        }
        let outcome = try await Self.run(arguments, in: workspace)
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.output) \(outcome.error)")
        #expect(outcome.error.contains("swage: \(file)"), "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").count >= 2, "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    /// Small files that become gigabytes.
    @Test(arguments: [
        ("perplexity {model} --text {file}", "text-bomb.txt.zst", "more than 67108864 bytes when decompressed"),
        ("perplexity {model} --text {file} --chunks 1", "text-bomb.txt.zst", "more than 67108864 bytes"),
        ("evaluate {model} --task {file}", "text-bomb.txt.zst", "more than 67108864 bytes"),
        ("perplexity {model} --base-logits {file}", "predictions-bomb.bin", "the stored predictions are damaged"),
    ])
    func bombs(line: String, name: String, words: String) async throws {
        try Conformance.row(name.hasSuffix(".zst") ? "inputs/compressed-bomb" : "inputs/predictions-bomb")
        let workspace = try Workspace()
        let arguments = line.split(separator: " ").map {
            String($0).replacing("{model}", with: Products.checkpoint)
                .replacing("{file}", with: Fixtures.path("hostile/\(name)"))
        }
        let outcome = try await Self.run(arguments, in: workspace)
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains(name) && outcome.error.contains(words), "\(outcome.error)")
    }

    /// A vocabulary that only the configuration knows is refused before its tokens are made.
    @Test func anEmbeddingOfMillionsOfRowsWithoutTokens() async throws {
        try Conformance.row("inputs/rows-without-tokens")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        try checkpoint.configure("vocab_size", 1 << 24)
        for arguments in [["inspect", checkpoint.path], ["convert", checkpoint.path, "--vocab-only", "-o", "out"]] {
            let outcome = try await Self.run(arguments, in: workspace)
            #expect(outcome.status == 3, "\(outcome.error)")
            #expect(outcome.error.contains("4096 tokens for an embedding of 16777216 rows"), "\(outcome.error)")
        }
    }

    /// Sizes that are possible each, of more weights than 64 bits count.
    @Test func sizesOfMoreWeightsThanCanBeCounted() async throws {
        try Conformance.row("inputs/uncountable-weights")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint("model")
        try checkpoint.editJSON("config.json") { configuration in
            for key in ["hidden_size", "intermediate_size"] { configuration[key] = 1 << 24 }
            for key in ["num_hidden_layers", "num_experts"] { configuration[key] = 1 << 14 }
        }
        let outcome = try await Self.run(["convert", checkpoint.path, "--vocab-only", "-o", "out"], in: workspace)
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains("config.json") && outcome.error.contains("hidden_size"), "\(outcome.error)")
    }

    /// The same sizes in the keys of a GGUF, in whichever way it is read.
    @Test(arguments: [
        "perplexity {file} --text {text}", "convert {file} -o out", "quantize {file} --type Q4_0 --dry-run",
    ])
    func sizesInKeysOfMoreWeightsThanCanBeCounted(line: String) async throws {
        try Conformance.row("inputs/uncountable-weights")
        let workspace = try Workspace()
        var metadata = try GGUFFile(path: try await Products.original.value).metadata
        let architecture = try #require(metadata.string("general.architecture"))
        for (key, value) in [
            ("embedding_length", 1 << 24), ("feed_forward_length", 1 << 24), ("expert_feed_forward_length", 1 << 24),
            ("block_count", 1 << 9), ("expert_count", 1 << 14),
        ] {
            let key = ByteString("\(architecture).\(key)")
            if metadata[key] != nil { metadata[key] = .uint32(UInt32(value)) }
        }
        let file = workspace.file("model.gguf")
        var writer = try GGUFWriter(path: file, metadata: metadata, tensors: [])
        try writer.finish()
        let arguments = line.split(separator: " ").map {
            String($0).replacing("{file}", with: file).replacing("{text}", with: Products.tinyText)
        }
        let outcome = try await Self.run(arguments, in: workspace)
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.error)")
        #expect(outcome.error.contains("\(file): "), "\(outcome.error)")
    }

    /// Runs the program with little more address space than it asks for: memory that an input made it take would show.
    private static func run(_ arguments: [String], in workspace: Workspace) async throws -> Swage.Outcome {
        let kibibytes = (512 + 192 * ProcessInfo.processInfo.processorCount + 512) << 10
        let script = "ulimit -v \(kibibytes) && cd \"$0\" && exec \"$@\""
        return try await Swage.Run(
            ["-c", script, workspace.path, try Swage.binary.get().path] + arguments, program: URL(filePath: "/bin/sh"),
            standardInput: "hello\n"
        ).outcome()
    }
}
