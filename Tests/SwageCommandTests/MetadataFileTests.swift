import Files
import Foundation
import GGUF
import TestSupport
import Testing

/// `convert --metadata`: values have the types that programs read, or are refused.
@Suite struct MetadataFileTests {
    /// What a file sets, and what the model's file then has.
    struct Setting: Sendable, CustomTestStringConvertible {
        let row: String
        let key: String
        let json: String
        let value: GGUFValue?

        var testDescription: String { "\(key): \(json)" }

        init(_ row: String, _ key: String, _ json: String, _ value: GGUFValue?) {
            (self.row, self.key, self.json, self.value) = (row, key, json, value)
        }
    }

    private static let settings = [
        Setting("metadata/whole-number-for-float", "general.sampling.temp", "1", .float32(1)),
        Setting("metadata/whole-number-for-float", "general.sampling.top_p", "0.5", .float32(0.5)),
        Setting("metadata/whole-number-for-float", "bailingmoe.rope.freq_base", "500000", .float32(500_000)),
        Setting("metadata/whole-number-for-float", "bailingmoe.expert_weights_scale", "2", .float32(2)),
        Setting("metadata/number-type-of-key", "general.sampling.top_k", "40", .int32(40)),
        Setting("metadata/number-type-of-key", "bailingmoe.context_length", "4096", .uint32(4096)),
        Setting("metadata/number-type-of-key", "bailingmoe.context_length", "4096.0", .uint32(4096)),
        Setting("metadata/number-type-of-key", "general.base_model.count", "1", .uint32(1)),
        Setting("metadata/number-type-of-key", "bailingmoe.expert_weights_norm", "true", .bool(true)),
        Setting("metadata/number-type-of-key", "tokenizer.ggml.eot_token_id", "3", .uint32(3)),
        Setting("metadata/number-type-of-key", "general.alignment", "64", .uint32(64)),
        Setting("metadata/number-type-of-key", "general.tags", #"["a", "b"]"#, .array(.string(["a", "b"]))),
        Setting("metadata/number-type-of-key", "general.base_model.0.name", #""x""#, .string("x")),
        Setting("metadata/free-keys", "mine.text", #""é""#, .string("é")),
        Setting("metadata/free-keys", "mine.flag", "false", .bool(false)),
        Setting("metadata/free-keys", "mine.whole", "3", .uint32(3)),
        Setting("metadata/free-keys", "mine.negative", "-3", .int32(-3)),
        Setting("metadata/free-keys", "mine.large", "5000000000", .uint64(5_000_000_000)),
        Setting("metadata/free-keys", "mine.fraction", "1.5", .float32(1.5)),
        Setting("metadata/free-keys", "mine.wholes", "[1, -2]", .array(.int32([1, -2]))),
        Setting("metadata/free-keys", "mine.fractions", "[1, 2.5]", .array(.float32([1, 2.5]))),
        Setting("metadata/leave-out", "tokenizer.ggml.padding_token_id", "null", nil),
        Setting("metadata/leave-out", "general.size_label", "null", nil),
        Setting("metadata/keys-of-weights", "bailingmoe.block_count", "4", .uint32(4)),
    ]

    @Test(arguments: settings) func valuesHaveTheTypesOfTheirKeys(setting: Setting) async throws {
        try Conformance.row(setting.row)
        let workspace = try Workspace()
        let file = try workspace.write("mine.json", "{\"\(setting.key)\": \(setting.json)}".utf8)
        let output = workspace.file("out.gguf")
        let outcome = try await Swage.run(
            "convert", Products.checkpoint, "-o", output, "--vocab-only", "--metadata", file)
        try #require(outcome.status == 0, "\(outcome.error)")
        #expect(try GGUFFile(path: output).metadata[ByteString(setting.key)] == setting.value)
    }

    /// A file that cannot be set, and what is said about it.
    private static func refusal(_ row: String, _ key: String, _ json: String, _ words: String...) -> Refusal {
        Refusal("\(key): \(json)", status: 3, words: ["mine.json: \(key.isEmpty ? "" : key + ": ")"] + words) {
            workspace in
            try Conformance.row(row)
            let file = try workspace.write("mine.json", "{\"\(key)\": \(json)}".utf8)
            return ["convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--metadata", file]
        }
    }

    private static let refusals: [Refusal] = [
        refusal("metadata/text-for-number", "general.sampling.temp", #""1""#, "the text \"1\"", "a number"),
        refusal("metadata/text-for-number", "general.sampling.temp", "1e300", "expected a number"),
        refusal("metadata/text-for-number", "general.sampling.temp", "[1]", "a list", "a number"),
        refusal("metadata/text-for-number", "general.sampling.top_k", "1.5", "found 1.5", "a whole number"),
        refusal("metadata/text-for-number", "bailingmoe.context_length", #""4096""#, "0 to 4294967295"),
        refusal("metadata/text-for-number", "bailingmoe.context_length", "-1", "0 to 4294967295"),
        refusal("metadata/text-for-number", "bailingmoe.context_length", "4294967296", "0 to 4294967295"),
        refusal("metadata/number-for-flag", "tokenizer.ggml.add_bos_token", "1", "found 1", "true or false"),
        refusal("metadata/number-for-flag", "bailingmoe.expert_weights_norm", #""true""#, "true or false"),
        refusal("metadata/number-for-text", "general.name", "7", "found 7", "expected a text"),
        refusal("metadata/number-for-text", "general.base_model.0.name", "7", "expected a text"),
        refusal("metadata/number-for-text", "tokenizer.chat_template", "true", "expected a text"),
        refusal("metadata/number-for-text", "general.tags", #""a""#, "expected a list of texts"),
        refusal("metadata/number-for-text", "general.tags", "[1]", "expected a list of texts"),
        refusal("metadata/small-alignment", "general.alignment", "8", "found 8", "a power of two from 32"),
        refusal("metadata/small-alignment", "general.alignment", "48", "found 48", "a power of two from 32"),
        refusal("metadata/small-alignment", "general.alignment", "2147483648", "a power of two from 32 to 1048576"),
        refusal("metadata/keys-of-splits", "split.count", "2", "how the file is written", "leave the key out"),
        refusal("metadata/keys-of-splits", "general.file_type", "0", "how the file is written"),
        refusal("metadata/keys-of-splits", "general.architecture", #""llama""#, "how the file is written"),
        refusal("metadata/keys-of-splits", "swage.version", #""9""#, "Swage itself writes"),
        refusal("metadata/keys-of-weights", "bailingmoe.block_count", "8", "follows from the weights"),
        refusal("metadata/keys-of-weights", "bailingmoe.block_count", #""8""#, "follows from the weights"),
        refusal("metadata/keys-of-weights", "bailingmoe.block_count", "null", "follows from the weights"),
        refusal("metadata/keys-of-weights", "bailingmoe.expert_count", "2", "follows from the weights"),
        refusal("metadata/keys-of-tokenizer", "tokenizer.ggml.tokens", #"["a"]"#, "the checkpoint's tokenizer"),
        refusal("metadata/keys-of-tokenizer", "tokenizer.ggml.scores", "[0.5]", "the checkpoint's tokenizer"),
        refusal("metadata/keys-of-tokenizer", "tokenizer.ggml.token_type", "[1]", "the checkpoint's tokenizer"),
        refusal("metadata/keys-of-tokenizer", "tokenizer.ggml.pre", #""gpt-2""#, "--pre-tokenizer"),
        refusal("metadata/token-out-of-range", "tokenizer.ggml.bos_token_id", "4096", "from 0 to 4095"),
        refusal("metadata/token-out-of-range", "tokenizer.ggml.eot_token_id", "-1", "from 0 to 4095"),
        refusal("metadata/unreadable-value", "bailingmoe.expert_used_count", "1000", "could not be read", "at most"),
        refusal("metadata/unreadable-value", "bailingmoe.rope.freq_base", "0", "could not be read", "positive"),
        refusal(
            "metadata/unreadable-value", "bailingmoe.rope.scaling.type", #""none of them""#, "none, linear or yarn"),
        refusal("metadata/no-value", "", "1", "a key of 1 to 65535 bytes"),
        refusal("metadata/no-value", "mine.list", "[]", "an empty list"),
        refusal("metadata/no-value", "mine.object", "{}", "an object"),
        refusal("metadata/no-value", "mine.list", #"[1, "a"]"#, "a list of one of these"),
        refusal("metadata/no-value", "mine.list", "[[1]]", "a list of one of these"),
        refusal("metadata/no-value", "mine.number", "1e300", "number"),
    ]

    @Test(arguments: refusals) func valuesThatNobodyCouldReadAreRefused(refusal: Refusal) async throws {
        try await refusal.check()
    }

    @Test func aFileThatIsNoObjectIsRefused() async throws {
        try Conformance.row("metadata/no-value")
        try await Refusal("a list", status: 3, "mine.json: a JSON object expected") { workspace in
            let file = try workspace.write("mine.json", "[1]".utf8)
            return ["convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--metadata", file]
        }.check()
    }

    @Test func theDryRunChecksToo() async throws {
        try Conformance.row("metadata/keys-of-splits")
        let workspace = try Workspace()
        let file = try workspace.write("mine.json", #"{"split.count": 2}"#.utf8)
        let outcome = try await Swage.run(
            "convert", Products.checkpoint, "-o", workspace.file("out.gguf"), "--dry-run", "--metadata", file)
        #expect(outcome.status == 3)
        #expect(outcome.error.contains("mine.json: split.count: "))
    }
}
