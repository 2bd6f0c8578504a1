import ByteJSON
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Each kind of `tokenizer.json` that transformers 5 saves; see Tests/Generators/transformers_tokenizers_golden.py.
@Suite struct TransformersTokenizerTests {
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/transformers_tokenizers_golden.json.zst"))
    }

    private func items(_ prefix: String) throws -> [JSON] {
        try #require(Self.golden.get()["items"]?.array).filter { $0["name"]?.string?.hasPrefix(prefix) == true }
    }

    /// Checks tokens and texts; where a file of it would be written without a remark, also those of the stored form.
    private func check(_ prefix: String, count: Int) throws {
        let items = try items(prefix)
        #expect(items.count == count)
        for item in items {
            let name = try #require(item["name"]?.string)
            let files = try #require(item["files"]?.object)
            let tokenizer = try Fixtures.withTemporaryDirectory { directory in
                for file in files.members {
                    try Data(#require(file.value.bytes).bytes).write(to: URL(filePath: "\(directory)/\(file.key)"))
                }
                return try Tokenizer(checkpointDirectory: directory)
            }
            let cases = try #require(item["cases"]?.array)
            for item in cases { try GoldenTokens.checkEncoding(item, tokenizer, of: name) }
            for item in try #require(item["decode"]?.array) {
                try GoldenTokens.checkDecoding(item, tokenizer, of: name)
            }
            let vocabulary = tokenizer.vocabulary
            let around =
                (vocabulary.addsBOS ? [vocabulary.specials.bos] : [])
                + tokenizer.encode("Hello", parseSpecial: true)
                + (vocabulary.addsEOS ? [vocabulary.specials.eos] : [])
            #expect(around == item.ids("around"), "\(name)")
            guard (try? tokenizer.verifyScoreForm()) != nil, tokenizer.remarks.isEmpty else { continue }
            let stored = try Tokenizer(vocabulary: vocabulary)
            for item in cases {
                let text = try #require(item["text"]?.bytes)
                // llama.cpp does not bring texts to normalization form C.
                if text.description.unicodeScalars.contains("\u{301}") { continue }
                #expect(stored.encode(text.bytes, parseSpecial: true) == item.ids("ids"), "\(name), GGUF: \(text)")
            }
        }
    }

    @Test func piecesOfAModel() throws {
        try Conformance.row("tokenizers/extra-spaces")
        try Conformance.row("tokenizers/own-pieces")
        try check("TokenizersBackend, bpe", count: 10)
        try check("TokenizersBackend, unigram", count: 10)
    }

    @Test func classesOfPieces() throws {
        try Conformance.row("tokenizers/classes-of-transformers-5")
        try check("LlamaTokenizer", count: 4)
        try check("GemmaTokenizer", count: 1)
        try check("T5Tokenizer", count: 1)
        try check("XGLMTokenizer", count: 1)
    }

    @Test func classesOfBytes() throws {
        try Conformance.row("tokenizers/classes-of-transformers-5")
        try check("GPT2Tokenizer", count: 3)
        try check("Qwen", count: 2)
        try check("CohereTokenizer", count: 1)
    }

    /// A space that goes before some texts only is what the stored form changes, and the remark says so.
    @Test func unigramIsStoredWithARemark() throws {
        try Conformance.row("tokenizers/unigram-spaces-not-in-gguf")
        for item in try items("TokenizersBackend, unigram, legacy") {
            let json = try #require(item["files"]?["tokenizer.json"]?.bytes)
            let tokenizer = try Fixtures.tokenizer(json)
            try tokenizer.verifyScoreForm()
            #expect(tokenizer.remarks.count == 1)
            #expect(tokenizer.remarks.allSatisfy { $0.contains("stock llama.cpp, and Swage like it") })
            let stored = try Tokenizer(vocabulary: tokenizer.vocabulary)
            for text in ["Hello world", "a b"] {
                #expect(stored.encode(text, parseSpecial: true) == tokenizer.encode(text, parseSpecial: true))
            }
            let differs = item["name"]?.string?.hasSuffix("False") == true ? " Hello" : "  "
            #expect(stored.encode(differs, parseSpecial: true) != tokenizer.encode(differs, parseSpecial: true))
        }
    }

    @Test(arguments: [
        (#""pattern": {"Regex": "xy|x"}"#, true), (#""pattern": {"Regex": "x|xy"}"#, false),
        (#""pattern": {"Regex": "x.y"}"#, false), (#""pattern": {"Regex": "x\\.y|\\d"}"#, false),
        (#""pattern": {"Regex": "x||y"}"#, false), (#""pattern": {"String": "x.y"}"#, true),
    ])
    func ownPiecesAreLiteral(pattern: String, isKnown: Bool) throws {
        var tokenizer = SmallTokenizer()
        tokenizer.preTokenizer = #"{"type": "Split", \#(pattern), "behavior": "Isolated", "invert": false}"#
        tokenizer.model["ignore_merges"] = "true"
        let problem = try tokenizer.problem()
        #expect((problem == nil) == isKnown, "\(pattern): \(String(describing: problem))")
    }
}
