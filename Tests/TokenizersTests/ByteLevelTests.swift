import ByteJSON
import Files
import TestSupport
import Testing
import Tokenizers

/// Against ids that HuggingFace tokenizers and stock llama.cpp gave; see Tests/Generators/byte_level_golden.py.
@Suite struct ByteLevelTests {
    static let directory = Fixtures.path("models/xverse-ent-tiny")
    static let tokenizer = Result { try Tokenizer(checkpointDirectory: directory) }
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/byte_level_golden.json.zst"))
    }

    private func list(_ key: ByteString) throws -> [JSON] { try #require(Self.golden.get()[key]?.array) }

    /// The checkpoint's tokenizer and the one that its GGUF vocabulary gives.
    private func tokenizers() throws -> [Tokenizer] {
        let tokenizer = try Self.tokenizer.get()
        return [tokenizer, try Tokenizer(vocabulary: tokenizer.vocabulary)]
    }

    @Test func vectors() throws {
        let vectors = try TokenizerVector.list(Self.directory)
        #expect(vectors.count == 191)
        for tokenizer in try tokenizers() { for vector in vectors { try vector.check(tokenizer) } }
    }

    @Test func vocabulary() throws {
        let tokenizer = try Self.tokenizer.get()
        let vocabulary = tokenizer.vocabulary
        #expect(vocabulary.model == "gpt2")
        #expect(vocabulary.pre == "llama-bpe")
        #expect(vocabulary.count == 4096)
        #expect(vocabulary.merges.count == 3838)
        #expect(vocabulary.merges[0] == "ï ¼")
        #expect(vocabulary.scores.isEmpty)
        #expect(vocabulary.specials == SpecialTokens(bos: 4094, eos: 4095))
        #expect(vocabulary.addsBOS && !vocabulary.addsEOS && !vocabulary.addsSpacePrefix)
        #expect(vocabulary.kinds[4094...] == [.control, .control])
        try tokenizer.verifyScoreForm()
        let padded = try tokenizer.padded(to: 4100)
        #expect(padded.vocabulary.pieces[4099] == "[PAD4099]")
        #expect(try padded.decode([4099]).isEmpty)
    }

    @Test func evaluationTexts() throws {
        let texts = try list("evaluation")
        #expect(texts.count == 6)
        for item in texts { for tokenizer in try tokenizers() { try GoldenTokens.checkEvaluation(item, tokenizer) } }
    }

    @Test func fuzz() throws {
        let tokenizer = try Self.tokenizer.get()
        for item in try list("fuzz") { try GoldenTokens.checkEncoding(item, tokenizer, of: "xverse-ent-tiny") }
    }

    @Test func decode() throws {
        for item in try list("decode") {
            for tokenizer in try tokenizers() { try GoldenTokens.checkDecoding(item, tokenizer) }
        }
    }

    @Test func variants() throws {
        let variants = try list("variants")
        #expect(variants.count == 17)
        for variant in variants {
            let name = try #require(variant["name"]?.string)
            let pre = variant["pre"]?.string
            let json = try #require(variant["tokenizer"]?.bytes)
            let tokenizer = try Fixtures.tokenizer(json)
            let cases = try #require(variant["cases"]?.array)
            for item in cases { try GoldenTokens.checkEncoding(item, tokenizer, of: name) }
            // No pattern of a checkpoint is llama.cpp's "default".
            let named = pre == "default" ? try Fixtures.tokenizer(json, preTokenizer: pre) : tokenizer
            #expect(((try? named.verifyScoreForm()) == nil) == (variant["conflict"]?.bool == true), "\(name)")
            guard let pre else { continue }
            #expect(named.vocabulary.pre == pre, "\(name)")
            let stored = try Tokenizer(vocabulary: named.vocabulary)
            for item in cases {
                guard let ids = item.ids("llama") else { continue }
                let text = try #require(item["text"]?.bytes)
                #expect(stored.encode(text.bytes, parseSpecial: true) == ids, "\(name): \(text)")
                #expect(stored.encode(text.bytes, parseSpecial: false) == item.ids("llama_plain"), "\(name): \(text)")
            }
            for item in try #require(variant["broken"]?.array) {
                let text = try #require(item["text"]?.string).hexadecimalBytes
                #expect(stored.encode(text, parseSpecial: true) == item.ids("llama"), "\(name): \(text)")
            }
        }
    }
}
