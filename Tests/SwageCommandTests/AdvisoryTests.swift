import Foundation
import TestSupport
import Testing

/// Files as security advisories of llama.cpp and Ollama describe them, made by Tests/Generators/advisory_files.py.
@Suite struct AdvisoryTests {
    /// A file, a command that reads what is wrong with it, and what it says.
    struct Advisory: Sendable, CustomTestStringConvertible {
        let row: String
        let file: String
        let words: [String]
        var arguments = ["inspect", "{file}"]

        init(_ row: String, _ file: String, _ words: String..., command: [String]? = nil) {
            (self.row, self.file, self.words) = (row, file, words)
            if let command { arguments = command }
        }

        var testDescription: String { file }
    }

    private static let tokenize = ["tokenize", "{file}", "--text", "a"]
    private static let perplexity = ["perplexity", "{file}", "--text", "{text}", "--context", "8"]

    static let advisories: [Advisory] = [
        Advisory("inputs/offset-sum-wraps", "offset-sum-wraps", "tensor \"t0\"", "ends at byte 4611686018427388128"),
        Advisory(
            "inputs/offset-sum-wraps", "offset-sum-almost-wraps", "tensor \"t0\"", "ends at byte 4611686018427388128"),
        Advisory("inputs/byte-count-wraps", "byte-count-wraps", "tensor \"t\"", "byte count overflows"),
        Advisory("inputs/byte-count-wraps", "byte-count-wraps-in-rows", "tensor \"t\"", "byte count overflows"),
        Advisory(
            "inputs/dimensions-beyond-the-data", "dimensions-beyond-the-data", "tensor \"t\"", "ends at byte 2097248"),
        Advisory(
            "inputs/dimensions-beyond-the-data", "dimensions-beyond-the-data", "tensor \"t\"", "ends at byte 2097248",
            command: ["quantize", "{file}", "--type", "Q4_0", "-o", "out.gguf"]),
        Advisory("inputs/token-lengths", "token-of-2-gib", "\"tokenizer.ggml.tokens\"", "2147483649 bytes of text"),
        Advisory(
            "inputs/token-lengths", "token-of-negative-length", "\"tokenizer.ggml.tokens\"",
            "18446744073709551615 bytes of text"),
        Advisory(
            "inputs/token-counts", "tokens-beyond-32-bits", "\"tokenizer.ggml.tokens\"", "2147483649 array elements"),
        Advisory(
            "inputs/token-counts", "tokens-beyond-63-bits", "\"tokenizer.ggml.tokens\"",
            "9223372036854775809 array elements"),
        Advisory(
            "inputs/byte-token-of-minus-one", "byte-token-of-minus-one", "token 261", "\"<0x-1>\"", command: tokenize),
        Advisory(
            "inputs/more-layers-than-tensors", "513-layers", "blk.1.attn_norm.weight", "missing", command: perplexity),
        Advisory(
            "inputs/more-layers-than-tensors", "4-billion-layers", "llama.block_count", "4294967295",
            command: perplexity),
        Advisory("inputs/alignments", "alignment-of-2-gib", "\"general.alignment\"", "2147483648"),
        Advisory("inputs/alignments", "alignment-of-zero", "\"general.alignment\"", "alignment 0"),
        Advisory("inputs/alignments", "alignment-of-48", "\"general.alignment\"", "alignment 48"),
        Advisory("inputs/alignments", "alignment-as-text", "\"general.alignment\"", "string"),
        Advisory("inputs/alignments", "alignment-of-64-bits", "\"general.alignment\"", "uint64"),
        Advisory("inputs/alignments", "alignment-with-a-sign", "\"general.alignment\"", "int32"),
    ]

    @Test(arguments: advisories) func refuses(advisory: Advisory) async throws {
        try Conformance.row(advisory.row)
        let workspace = try Workspace()
        let path = Fixtures.path("hostile/advisories/\(advisory.file).gguf")
        let outcome = try await Self.run(advisory.arguments, path, in: workspace)
        #expect(outcome.status == 3, "\(outcome.status) \(outcome.error)")
        for words in ["swage: \(path): "] + advisory.words {
            #expect(outcome.error.contains(words), "\(outcome.error)")
        }
        #expect(outcome.output.isEmpty)
        #expect(workspace.contents == ["text.txt"])
    }

    /// The model of which these are variants.
    @Test(arguments: [["inspect", "{file}"], tokenize, perplexity]) func theSoundModel(arguments: [String]) async throws
    {
        let path = Fixtures.path("hostile/advisories/model.gguf")
        let outcome = try await Self.run(arguments, path, in: Workspace())
        #expect(outcome.status == 0, "\(outcome.error)")
    }

    /// Runs a command with little more address space than it asks for: memory that the file made it take would show.
    private static func run(_ arguments: [String], _ path: String, in workspace: Workspace) async throws
        -> Swage.Outcome
    {
        let text = try workspace.write("text.txt", Array("a text of more than eight tokens".utf8))
        let kibibytes = (512 + 192 * ProcessInfo.processInfo.processorCount + 200) << 10
        let script = "ulimit -v \(kibibytes) && cd \"$0\" && exec \"$@\""
        let filled = arguments.map { $0.replacing("{file}", with: path).replacing("{text}", with: text) }
        return try await Swage.Run(
            ["-c", script, workspace.path, try Swage.binary.get().path] + filled, program: URL(filePath: "/bin/sh")
        ).outcome()
    }
}
