import ByteJSON
import Files
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Against ids that HuggingFace tokenizers gave; see Tests/Generators/tokenizer_golden.py.
@Suite struct GoldenTests {
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/tokenizer_golden.json.zst"))
    }

    private func list(_ key: ByteString) throws -> [JSON] { try #require(Self.golden.get()[key]?.array) }

    /// The checkpoint's tokenizer and the one that its GGUF vocabulary gives.
    private func tokenizers() throws -> [Tokenizer] {
        let tokenizer = try VectorTests.tokenizer.get()
        return [tokenizer, try Tokenizer(vocabulary: tokenizer.vocabulary)]
    }

    @Test func evaluationTexts() throws {
        let texts = try list("evaluation")
        #expect(texts.count == 6)
        for item in texts {
            for tokenizer in try tokenizers() { try GoldenTokens.checkEvaluation(item, tokenizer) }
        }
    }

    @Test func fuzz() throws {
        for item in try list("fuzz") {
            for tokenizer in try tokenizers() { try GoldenTokens.checkEncoding(item, tokenizer, of: "xverse-moe-tiny") }
        }
    }

    @Test func decode() throws {
        for item in try list("decode") {
            for tokenizer in try tokenizers() { try GoldenTokens.checkDecoding(item, tokenizer) }
        }
    }

    @Test func variants() throws {
        let variants = try list("variants")
        #expect(variants.count == 6)
        for variant in variants {
            let name = try #require(variant["name"]?.string)
            let tokenizer = try Fixtures.tokenizer(try #require(variant["tokenizer"]?.bytes))
            for item in try #require(variant["cases"]?.array) {
                try GoldenTokens.checkEncoding(item, tokenizer, of: name)
            }
        }
    }
}

/// Against ids that stock llama.cpp gave; see Tests/Generators/llama_scores_golden.py.
@Suite struct LlamaScoresTests {
    @Test func vocabularies() throws {
        let golden = try JSON(parsing: Fixtures.decompressed("golden/llama_scores_golden.json.zst"))
        let vocabularies = try #require(golden["vocabularies"]?.array)
        #expect(vocabularies.count == 5)
        for item in vocabularies {
            let vocabulary = Vocabulary(
                model: "llama", pre: "default", pieces: try #require(item["pieces"]?.array).compactMap(\.bytes),
                scores: try #require(item["scores"]?.array).compactMap { $0.double.map { Float($0) } },
                kinds: try #require(item.ids("kinds")).compactMap(TokenKind.init), addsBOS: false,
                addsSpacePrefix: item["space_prefix"]?.bool == true)
            let tokenizer = try Tokenizer(vocabulary: vocabulary)
            for item in try #require(item["cases"]?.array) {
                let text = try #require(item["text"]?.string).hexadecimalBytes
                #expect(tokenizer.encode(text, parseSpecial: true) == item.ids("ids"), "\(ByteString(text))")
                #expect(tokenizer.encode(text, parseSpecial: false) == item.ids("ids_plain"), "\(ByteString(text))")
            }
        }
    }
}

extension Fixtures {
    /// The tokenizer of a checkpoint that has these files.
    static func tokenizer(
        _ json: ByteString, files: [String: String] = [:], preTokenizer: String? = nil
    ) throws -> Tokenizer {
        try withTemporaryDirectory { directory in
            try Data(json.bytes).write(to: URL(filePath: directory + "/tokenizer.json"))
            for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: directory + "/" + name)) }
            return try Tokenizer(checkpointDirectory: directory, preTokenizer: preTokenizer)
        }
    }
}
