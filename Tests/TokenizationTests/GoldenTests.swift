import ByteJSON
import Foundation
import TensorCore
import TestSupport
import Testing
import Tokenization

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

    private func checkEncoding(_ item: JSON, _ tokenizer: Tokenizer, of name: String) throws {
        let text = try #require(item["text"]?.bytes)
        let ids = try #require(item.ids("ids"))
        #expect(tokenizer.encode(text.bytes, parseSpecial: true) == ids, "\(name): \(text)")
        #expect(tokenizer.encode(text.bytes, parseSpecial: false) == item.ids("ids_plain") ?? ids, "\(name): \(text)")
    }

    @Test func evaluationTexts() throws {
        let texts = try list("evaluation")
        #expect(texts.count == 6)
        for item in texts {
            let name = try #require(item["name"]?.string)
            let text = try ReadableFile.contents(of: Fixtures.path("text/eval/\(name)"))
            for tokenizer in try tokenizers() {
                let ids = tokenizer.encode(text, parseSpecial: true)
                #expect(ids.count == item["count"]?.integer, "\(name)")
                #expect(Array(ids.prefix(64)) == item.ids("first"), "\(name)")
                let hash = ids.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { hash, id in
                    (0..<4).reduce(hash) { ($0 ^ UInt64(id >> (8 * $1) & 0xff)) &* 0x100_0000_01b3 }
                }
                #expect(hash == UInt64(item["fnv1a"]?.string ?? "", radix: 16), "\(name)")
                #expect(try tokenizer.decode(ids) == text, "\(name)")
            }
        }
    }

    @Test func fuzz() throws {
        for item in try list("fuzz") {
            for tokenizer in try tokenizers() { try checkEncoding(item, tokenizer, of: "xverse-moe-tiny") }
        }
    }

    @Test func decode() throws {
        for item in try list("decode") {
            let ids = try #require(item.ids("ids"))
            for tokenizer in try tokenizers() {
                #expect(try tokenizer.text(of: ids).utf8.elementsEqual(item["text"]?.string?.utf8 ?? "".utf8))
                let skipped = try tokenizer.text(of: ids, skipSpecials: true)
                #expect(skipped.utf8.elementsEqual(item["text_skipped"]?.string?.utf8 ?? "".utf8))
            }
        }
    }

    @Test func variants() throws {
        let variants = try list("variants")
        #expect(variants.count == 6)
        for variant in variants {
            let name = try #require(variant["name"]?.string)
            let tokenizer = try Fixtures.tokenizer(try #require(variant["tokenizer"]?.bytes))
            for item in try #require(variant["cases"]?.array) { try checkEncoding(item, tokenizer, of: name) }
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

extension JSON {
    func ids(_ key: ByteString) -> [TokenID]? { self[key]?.array?.compactMap { $0.integer.map(TokenID.init) } }
}

extension String {
    fileprivate var hexadecimalBytes: [UInt8] {
        let digits = compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }
}

extension Fixtures {
    /// The tokenizer of a checkpoint that has these files.
    static func tokenizer(_ json: ByteString, files: [String: String] = [:]) throws -> Tokenizer {
        try withTemporaryDirectory { directory in
            try Data(json.bytes).write(to: URL(filePath: directory + "/tokenizer.json"))
            for (name, text) in files { try Data(text.utf8).write(to: URL(filePath: directory + "/" + name)) }
            return try Tokenizer(checkpointDirectory: directory)
        }
    }
}
