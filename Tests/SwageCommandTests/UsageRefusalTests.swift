import Foundation
import TestSupport
import Testing

/// Good files, bad requests; and files that are not what they are given as.
@Suite struct UsageRefusalTests {
    private static let text = Fixtures.path("text/eval/fiction-en.txt")

    private static func quantize(_ options: String...) async throws -> [String] {
        ["quantize", try await Products.original.value, "-o", "{out}"] + options
    }

    private static let requests: [Refusal] = [
        Refusal("unknown type", status: 2, "there is no type \"Q9_Z\"", "known types: ", "IQ1_S") { _ in
            try await quantize("--type", "Q9_Z")
        },
        Refusal("no type", status: 2, "--type") { _ in try await quantize() },
        Refusal("unknown target of convert", status: 2, "'q3'") { _ in
            ["convert", Products.checkpoint, "-o", "{out}", "--type", "q3"]
        },
        Refusal("type without encoder", status: 2, "output.weight: no weights can be encoded as F64", "IQ1_S") { _ in
            try await quantize("--type", "Q8_0", "--output-type", "F64")
        },
        Refusal("no importance", status: 2, "IQ1_S needs an importance matrix", "36 tensors", "--imatrix") { _ in
            try await quantize("--type", "IQ1_S")
        },
        Refusal("a pattern that is none", status: 2, "\"(\" is not a regular expression") { _ in
            try await quantize("--type", "Q4_K_M", "--tensor-type", "(=Q4_K")
        },
        Refusal("an override without type", status: 2, "\"attn_v\" is not REGEX=TYPE") { _ in
            try await quantize("--type", "Q4_K_M", "--tensor-type", "attn_v")
        },
        Refusal("an override of unknown type", status: 2, "there is no type \"Q99\"") { _ in
            try await quantize("--type", "Q4_K_M", "--tensor-type", "attn_v=Q99")
        },
        Refusal("rows that are no blocks", status: 2, "blk.0.ffn_down_exps.weight: a row has 224 elements", "Q5_0") {
            _ in
            [
                "quantize", Products.checkpoint, "-o", "{out}", "--type", "Q4_K_M", "--pad-experts", "off",
                "--no-fallback",
            ]
        },
        Refusal("padding a GGUF", status: 2, "taken as they are, 224 wide", "with the checkpoint") { _ in
            ["convert", try await Products.unpadded.value, "-o", "{out}", "--pad-experts", "on"]
        },
        Refusal("quantized already", status: 2, "token_embd.weight", "as Q4_K", "--allow-requantize") { _ in
            ["quantize", try await Products.quantized.value, "-o", "{out}", "--type", "Q8_0"]
        },
        Refusal("converting what is quantized", status: 2, "as Q4_K", "--allow-requantize") { _ in
            ["convert", try await Products.quantized.value, "-o", "{out}", "--type", "q8_0"]
        },
        Refusal("no threads", status: 2, "--threads must be from 1 to 1024") { _ in
            try await quantize("--type", "Q8_0", "--threads", "0")
        },
        Refusal("unknown option", status: 2, "--bogus") { _ in try await quantize("--type", "Q8_0", "--bogus") },
        Refusal("unknown command", status: 2, "nonsense") { _ in ["nonsense"] },
        Refusal("no windows", status: 2, "--chunks must be at least 1") { _ in
            ["perplexity", Products.checkpoint, "--text", text, "--chunks", "0"]
        },
        Refusal("no text", status: 2, "--text") { _ in ["perplexity", Products.checkpoint] },
        Refusal("no new tokens", status: 2, "--max-new-tokens must be at least 1") { _ in
            ["generate", Products.checkpoint, "--prompt", "a", "--max-new-tokens", "0"]
        },
    ]

    private static func context(_ length: Int, _ words: String) -> Refusal {
        Refusal("a context of \(length)", status: 2, "a context of \(length) tokens", words) { _ in
            ["perplexity", Products.checkpoint, "--text", text, "--chunks", "1", "--context", "\(length)"]
        }
    }

    private static let contexts = [
        context(0, "use at least 4"), context(1, "use at least 4"), context(2, "use at least 4"),
        context(8193, "use --context 8192 or less"), context(Int.max, "use --context 8192 or less"),
    ]

    private static let outputs: [Refusal] = [
        Refusal("the model", status: 2, "the output is also an input") { workspace in
            let model = try workspace.write("copy.gguf", Data(path: try await Products.original.value))
            return ["quantize", model, "-o", workspace.file("./copy.gguf"), "--type", "Q8_0"]
        },
        Refusal("a link to the model", status: 2, "the output is also an input") { workspace in
            let model = try workspace.write("copy.gguf", Data(path: try await Products.original.value))
            try FileManager.default.createSymbolicLink(atPath: workspace.file("link"), withDestinationPath: model)
            return ["convert", model, "-o", workspace.file("link")]
        },
        Refusal("a shard of the checkpoint", status: 2, "the output is also an input") { _ in
            ["convert", "{model}", "-o", "{model}/\(CheckpointCopy.shard(1))"]
        },
        Refusal("the checkpoint's configuration", status: 2, "the output is also an input") { _ in
            ["convert", "{model}", "-o", "{model}/config.json"]
        },
        Refusal("the importance matrix", status: 2, "the output is also an input") { workspace in
            let matrix = try workspace.write("matrix.gguf", Data(path: try await Products.importance.value))
            let model = try await Products.original.value
            return ["quantize", model, "-o", matrix, "--type", "IQ1_S", "--imatrix", matrix]
        },
        Refusal("the model, by imatrix", status: 2, "the output is also an input") { workspace in
            let model = try workspace.write("copy.gguf", Data(path: try await Products.original.value))
            return ["imatrix", model, "-o", model, "--text", text]
        },
        Refusal("the text, by imatrix", status: 2, "the output is also an input") { workspace in
            let copy = try workspace.write("text.txt", Data(path: text))
            return ["imatrix", Products.checkpoint, "-o", copy, "--text", copy]
        },
        Refusal("a missing directory", status: 2, "/none/out.gguf: cannot write", "create the directory") { workspace in
            try await quantize("--type", "Q8_0").map { $0 == "{out}" ? workspace.file("none/out.gguf") : $0 }
        },
        Refusal("a missing directory, by imatrix", status: 2, "/none/out.gguf: cannot write") { workspace in
            ["imatrix", Products.checkpoint, "-o", workspace.file("none/out.gguf"), "--text", text]
        },
        Refusal("a file as directory", status: 2, "cannot write: Not a directory") { _ in
            ["convert", "{model}", "-o", "{model}/config.json/out.gguf"]
        },
        Refusal("a directory", status: 2, "{model}: no file can be written", "not of a directory") { _ in
            ["convert", "{model}", "-o", "{model}"]
        },
        Refusal("a directory to be", status: 2, "{out}/: no file can be written") { _ in
            ["convert", "{model}", "-o", "{out}/"]
        },
        Refusal("a directory, by imatrix", status: 2, "no file can be written") { workspace in
            ["imatrix", Products.checkpoint, "-o", workspace.path, "--text", text]
        },
        Refusal("a device", status: 2, "/dev/null: no file can be written") { _ in
            ["convert", "{model}", "-o", "/dev/null"]
        },
        Refusal("no name", status: 2, "no file can be written") { _ in ["convert", "{model}", "-o", ""] },
        Refusal("a name that is too long", status: 2, "cannot write: File name too long", "shorter") { workspace in
            ["convert", "{model}", "-o", workspace.file(String(repeating: "n", count: 300))]
        },
    ]

    @Test(arguments: requests) func refusedRequests(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: contexts) func refusedContexts(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: outputs) func refusedOutputs(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: [4, 5, 8192]) func theShortestAndTheLongestContext(context: Int) async throws {
        let outcome = try await Swage.run(
            "perplexity", Products.checkpoint, "--text", Self.text, "--chunks", "1", "--context", "\(context)", "--json"
        )
        #expect(outcome.status == 0, "\(outcome.error)")
        let result = try #require(try outcome.json(PerplexityReport.self).texts.first)
        #expect(result.tokens == context - 1 - context / 2)
    }

    @Test func anEmptyPromptStartsFromTheBeginningOfText() async throws {
        let outcome = try await Swage.run(
            "generate", Products.checkpoint, "--prompt", "", "--max-new-tokens", "2", "--json")
        #expect(outcome.status == 0)
        #expect(try outcome.json(GenerationReport.self).prompt == [1])
    }
}
