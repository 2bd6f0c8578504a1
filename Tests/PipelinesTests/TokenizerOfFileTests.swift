import ByteJSON
import Files
import Foundation
import GGUF
import Models
import Parallelism
import Pipelines
import TestSupport
import Testing
import Tokenizers

/// What a GGUF says, and does not say, of its tokenizer.
@Suite struct TokenizerOfFileTests {
    /// Against stock llama.cpp; see Tests/Generators/token_defaults_golden.py.
    @Test func defaultsAreThoseOfLlama() throws {
        try Conformance.row("tokenizers/defaults-of-gguf")
        let golden = try JSON(contentsOf: Fixtures.path("golden/token_defaults.json"))
        let rows = try #require(golden["rows"]?.array)
        #expect(rows.count == 140)
        for row in rows {
            let model = try #require(row["model"]?.bytes)
            let tokens = try #require(golden["tokens"]?[model]?.array).map { try #require($0.array) }
            var metadata = GGUFMetadata()
            metadata["tokenizer.ggml.model"] = .string(model)
            metadata["tokenizer.ggml.pre"] = row["pre"]?.bytes.map { .string($0) }
            metadata["tokenizer.ggml.tokens"] = .array(.string(try tokens.map { try #require($0[0].bytes) }))
            metadata["tokenizer.ggml.token_type"] = .array(
                .int32(try tokens.map { Int32(try #require($0[2].integer)) }))
            if model == "gpt2" {
                metadata["tokenizer.ggml.merges"] = .array(.string(["a b"]))
            } else {
                metadata["tokenizer.ggml.scores"] = .array(
                    .float32(try tokens.map { Float(try #require($0[1].double)) }))
            }
            for (key, value) in try #require(row["keys"]?.object).members {
                let name = ByteString("tokenizer.ggml.\(key)")
                metadata[name] = value.bool.map { .bool($0) } ?? value.integer.map { .uint32(UInt32($0)) }
            }
            let tokenizer = try Self.tokenizer(metadata)
            let vocabulary = tokenizer.vocabulary
            let name = "\(model) \(String(describing: row["pre"]?.bytes)) \(String(describing: row["keys"]))"
            #expect(vocabulary.addsBOS == row["add_bos"]?.bool, "\(name)")
            #expect(vocabulary.addsEOS == row["add_eos"]?.bool, "\(name)")
            #expect((vocabulary.separatesPairs ?? false) == row["add_sep"]?.bool, "\(name)")
            for (id, role) in [
                (vocabulary.specials.bos, "bos"), (vocabulary.specials.eos, "eos"), (vocabulary.specials.pad, "pad"),
            ] { #expect(Int(id ?? -1) == row[ByteString(role)]?.integer, "\(name): \(role)") }
            let ids =
                (vocabulary.addsBOS ? [vocabulary.specials.bos] : []) + tokenizer.encode("ab ab", parseSpecial: false)
                + (vocabulary.addsEOS ? [vocabulary.specials.eos] : [])
            #expect(ids.map { Int($0 ?? -1) } == row["ids"]?.array?.compactMap(\.integer), "\(name)")
        }
    }

    private static func tokenizer(_ metadata: GGUFMetadata) throws -> Tokenizer {
        try Fixtures.withTemporaryDirectory { directory in
            let path = directory + "/model.gguf"
            var writer = try GGUFWriter(path: path, metadata: metadata, tensors: [])
            try writer.finish()
            return try Model.tokenizer(path: path)
        }
    }

    /// A checkpoint, and the GGUF that is made of it, count as one tokenizer.
    @Test(arguments: ["xverse-moe-tiny", "xverse-ent-tiny", "apus-xdan-tiny"])
    func aFileHasTheTokenizerOfItsCheckpoint(name: String) throws {
        let model = try Model.open(Fixtures.path("models/\(name)"))
        let stored = try Self.tokenizer(Conversion(parallel: Parallel()).metadata(of: model) { _ in })
        #expect(TokenizerIdentity(stored).difference(from: TokenizerIdentity(model.tokenizer)) == nil)
        #expect(Fingerprint.of(stored) == Fingerprint.of(model.tokenizer))
    }

    struct Change: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var part: TokenizerIdentity.Part?
        var change: @Sendable (inout Vocabulary) -> Void

        init(
            _ name: String, _ part: TokenizerIdentity.Part?, _ change: @escaping @Sendable (inout Vocabulary) -> Void
        ) {
            (testDescription, self.part, self.change) = (name, part, change)
        }
    }

    private static func vocabulary(_ model: String) -> Vocabulary {
        Vocabulary(
            model: model, pre: model == "gpt2" ? "llama-bpe" : "default", pieces: ["<s>", "a", "b", "ab", "aba", "x"],
            scores: model == "gpt2" ? [] : [0, 0, 0, -1, -2, -5], merges: model == "gpt2" ? ["a b", "ab a"] : [],
            kinds: [.control, .normal, .normal, .normal, .normal, .unused],
            specials: SpecialTokens(bos: 0, eos: 1, unknown: 2), addsBOS: true, addsSpacePrefix: model != "gpt2")
    }

    static let changes: [(String, [Change])] = [
        (
            "llama",
            [
                Change("nothing", nil) { _ in },
                Change("another piece", .pieces) { $0.pieces[4] = "abb" },
                Change("another order of pieces", .pieces) { $0.pieces.swapAt(1, 2) },
                Change("one piece more", .pieces) { $0 = try! $0.padded(to: 7) },
                Change("another order of scores", .scores) { $0.scores[3] = -3 },
                Change("equal scores", .scores) { $0.scores[3] = -2 },
                Change("the same order of scores", nil) { $0.scores[4] = -100 },
                Change("the score of a character", nil) { $0.scores[1] = -7 },
                Change("a user-defined piece", .kinds) { $0.kinds[4] = .userDefined },
                Change("unknown for control", nil) { $0.kinds[0] = .unknown },
                Change("no space before texts", .spaces) { $0.addsSpacePrefix = false },
                Change("no BOS", .ends) { $0.addsBOS = false },
                Change("another BOS", .ends) { $0.specials.bos = 5 },
                Change("EOS", .ends) { $0.addsEOS = true },
                Change("a role that no text gets", nil) { $0.specials.eos = 5 },
                Change("padding", nil) { $0.specials.pad = 5 },
                Change("a template", nil) { $0.chatTemplate = "x" },
                Change("separated pairs", nil) { $0.separatesPairs = true },
                Change("a map of characters, which is not looked at", nil) { $0.characterMap = [1] },
                Change("another algorithm", .algorithm) { $0.model = "t5" },
            ]
        ),
        (
            "gpt2",
            [
                Change("another name of the same splitting", nil) { $0.pre = "llama3" },
                Change("another splitting", .splitting) { $0.pre = "qwen2" },
                Change("the same splitting that minds merges", .splitting) { $0.pre = "smaug-bpe" },
                Change("another order of merges", .merges) { $0.merges.swapAt(0, 1) },
                Change("a merge less", .merges) { $0.merges.removeLast() },
                Change("a space prefix, which is not looked at", nil) { $0.addsSpacePrefix = true },
            ]
        ),
        (
            "t5",
            [
                Change("another score", .scores) { $0.scores[3] = -1.5 },
                Change("the score of a character", .scores) { $0.scores[1] = -7 },
                Change("minus zero", nil) { $0.scores[1] = -0.0 },
                Change("the score of a control token", nil) { $0.scores[0] = -7 },
                Change("spaces removed", .spaces) { $0.removesExtraSpaces = true },
                Change("a map of characters", .characters) { $0.characterMap = [1] },
                Change("another unknown token", .unknown) { $0.specials.unknown = 3 },
            ]
        ),
    ]

    /// What decides tokens decides whether tokenizers count as the same, and nothing else does.
    @Test(arguments: changes.flatMap { model, changes in changes.map { (model, $0) } })
    func identity(model: String, change: Change) {
        let original = Self.vocabulary(model)
        var changed = original
        change.change(&changed)
        #expect(TokenizerIdentity(changed).difference(from: TokenizerIdentity(original)) == change.part)
        #expect((TokenizerIdentity(changed) == TokenizerIdentity(original)) == (change.part == nil))
    }
}
