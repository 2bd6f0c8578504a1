import ByteJSON
import Files
import Foundation
import Numerics
import TestSupport
import Testing
import Tokenizers

/// Against ids that HuggingFace tokenizers, sentencepiece and stock llama.cpp gave; see
/// Tests/Generators/sentencepiece_golden.py.
@Suite struct SentencePieceTests {
    static let directory = Fixtures.path("models/apus-xdan-tiny")
    static let tokenizer = Result { try Tokenizer(checkpointDirectory: directory) }
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/sentencepiece_golden.json.zst"))
    }

    private func list(_ key: ByteString) throws -> [JSON] { try #require(Self.golden.get()[key]?.array) }

    /// A checkpoint with files of the bundled one.
    private func load(_ names: [String], more: [String: [UInt8]] = [:]) throws -> Tokenizer {
        try Fixtures.withTemporaryDirectory { directory in
            var files = more
            for name in names { files[name] = try ReadableFile.contents(of: Self.directory + "/" + name) }
            for (name, bytes) in files { try Data(bytes).write(to: URL(filePath: directory + "/" + name)) }
            return try Tokenizer(checkpointDirectory: directory)
        }
    }

    /// From `tokenizer.json`, from the GGUF vocabulary, and from `tokenizer.model` alone.
    private func tokenizers() throws -> [Tokenizer] {
        let tokenizer = try Self.tokenizer.get()
        return [
            tokenizer, try Tokenizer(vocabulary: tokenizer.vocabulary),
            try load(["tokenizer.model", "tokenizer_config.json"]),
        ]
    }

    @Test func vectors() throws {
        let vectors = try TokenizerVector.list(Self.directory)
        #expect(vectors.count == 191)
        for tokenizer in try tokenizers() { for vector in vectors { try vector.check(tokenizer) } }
    }

    /// Without a `tokenizer.model` the merges say what its scores said.
    @Test func mergesAlone() throws {
        let merged = try load(["tokenizer.json", "tokenizer_config.json"])
        try merged.verifyScoreForm()
        let scored = try Tokenizer(vocabulary: merged.vocabulary)
        for vector in try TokenizerVector.list(Self.directory) { try vector.check(scored) }
        for item in try list("evaluation") { try GoldenTokens.checkEvaluation(item, scored, prefix: [0x20]) }
        for item in try list("fuzz") { try GoldenTokens.checkEncoding(item, scored, of: "apus-xdan-tiny") }
    }

    /// The same as llama.cpp's converter writes, padding included.
    @Test func vocabulary() throws {
        let converter = try #require(try Self.golden.get()["converter"])
        let pieces = try #require(converter["pieces"]?.array).compactMap { $0.string?.hexadecimalBytes }
        let tokenizer = try Self.tokenizer.get()
        for vocabulary in [
            try tokenizer.padded(to: 4100).vocabulary,
            try load(["tokenizer.model", "tokenizer_config.json"]).padded(to: 4100).vocabulary,
        ] {
            #expect(vocabulary.model == "llama" && vocabulary.pre == "default")
            #expect(vocabulary.pieces.map(\.bytes) == pieces)
            #expect(vocabulary.scores == converter["scores"]?.array?.compactMap { $0.double.map { Float($0) } })
            #expect(vocabulary.kinds.map(\.rawValue) == converter.ids("kinds"))
            #expect(vocabulary.addsSpacePrefix && vocabulary.addsBOS && !vocabulary.addsEOS)
            #expect(vocabulary.specials == SpecialTokens(bos: 1, eos: 2, unknown: 0))
        }
        #expect(tokenizer.vocabulary.chatTemplate?.hasPrefix("{% for message in messages %}") == true)
    }

    @Test func evaluationTexts() throws {
        for item in try list("evaluation") {
            for tokenizer in try tokenizers() { try GoldenTokens.checkEvaluation(item, tokenizer, prefix: [0x20]) }
        }
    }

    @Test func fuzz() throws {
        for item in try list("fuzz") {
            for tokenizer in try tokenizers() { try GoldenTokens.checkEncoding(item, tokenizer, of: "apus-xdan-tiny") }
        }
    }

    @Test func decode() throws {
        for item in try list("decode") { try GoldenTokens.checkDecoding(item, Self.tokenizer.get()) }
    }

    @Test func llama() throws {
        let tokenizer = try Tokenizer(vocabulary: Self.tokenizer.get().padded(to: 4100).vocabulary)
        for item in try list("llama") { try checkLlama(item, tokenizer, of: "apus-xdan-tiny") }
    }

    private func checkLlama(_ item: JSON, _ tokenizer: Tokenizer, of name: String) throws {
        let text = try #require(item["text"]?.string).hexadecimalBytes
        #expect(tokenizer.encode(text, parseSpecial: true) == item.ids("llama"), "\(name): \(ByteString(text))")
        #expect(tokenizer.encode(text, parseSpecial: false) == item.ids("llama_plain"), "\(name): \(ByteString(text))")
    }

    @Test func variants() throws {
        let variants = try list("variants")
        #expect(variants.count == 20)
        for variant in variants {
            let name = try #require(variant["name"]?.string)
            let tokenizer = try Fixtures.tokenizer(try #require(variant["tokenizer"]?.bytes))
            for item in try #require(variant["cases"]?.array) {
                try GoldenTokens.checkEncoding(item, tokenizer, of: name)
            }
            for item in try #require(variant["decode"]?.array) {
                try GoldenTokens.checkDecoding(item, tokenizer, of: name)
            }
        }
    }

    @Test func unigramModels() throws {
        let models = try list("models")
        #expect(models.count == 3)
        for model in models {
            let name = try #require(model["name"]?.string)
            let encoded = try #require(model["model"]?.string)
            let bytes = try #require(Data(base64Encoded: encoded))
            let tokenizer = try load([], more: ["tokenizer.model": Array(bytes)])
            #expect(tokenizer.vocabulary.model == "t5")
            for item in try #require(model["cases"]?.array) {
                try checkLlama(item, tokenizer, of: name)
                // The two differ in user-defined tokens, and in where a space goes before texts of spaces.
                guard name != "identity, prefix", let ids = item.ids("ids") else { continue }
                let text = try #require(item["text"]?.string).hexadecimalBytes
                #expect(tokenizer.encode(text, parseSpecial: false) == ids, "\(name): \(ByteString(text))")
            }
        }
    }

    /// Models that are cut or changed anywhere are errors or other tokenizers, nothing else.
    @Test func damagedModels() throws {
        let bytes = try ReadableFile.contents(of: Self.directory + "/tokenizer.model")
        var random = SeededRandom(seed: 5)
        for length in [0, 1, 2, 3, 17, 1000, 30_000, bytes.count - 1] {
            _ = try? load([], more: ["tokenizer.model": Array(bytes[..<length])])
        }
        for _ in 0..<300 {
            var damaged = Array(bytes.prefix(600)) + bytes.suffix(600)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                damaged[Int.random(in: 0..<damaged.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            do {
                let tokenizer = try load([], more: ["tokenizer.model": damaged])
                _ = tokenizer.encode("the  of", parseSpecial: true)
            } catch is TokenizationError {
                continue
            }
        }
    }

    /// A replacement that would make a text of a kilobyte one of a gigabyte.
    @Test(arguments: [(1024, true), (1025, false), (1 << 20, false)])
    func replacementsInTheCharacterMap(byteCount: Int, isAccepted: Bool) throws {
        try Conformance.row("inputs/long-replacements")
        // A double array of one unit, which leads nowhere, and the replacement.
        let map = [4, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: UInt8(ascii: "a"), count: byteCount) + [0]
        func tokenizer() throws -> Tokenizer { try load([], more: ["tokenizer.model": model(map)]) }
        guard !isAccepted else {
            #expect(try tokenizer().encode("a", parseSpecial: false).last == 1)
            return
        }
        let error = try #require(throws: TokenizationError.self) { try tokenizer() }
        #expect(error.description.contains("precompiled_charsmap"), "\(error)")
    }

    /// A double array whose units lead back to where they began: what is replaced would have no end.
    @Test(arguments: [false, true])
    func characterMapsThatLeadInACircle(replaces: Bool) throws {
        // From the root an "a" leads to unit 97, and that back to the root.
        var units = [UInt32](repeating: 0, count: 98)
        units[97] = 97 << 10 | (replaces ? 0x100 : 0) | 97
        let array = units.flatMap { unit in (0..<4).map { UInt8(truncatingIfNeeded: unit >> (8 * $0)) } }
        let size = (0..<4).map { UInt8(truncatingIfNeeded: array.count >> (8 * $0)) }
        let tokenizer = try load([], more: ["tokenizer.model": model(size + array + Array("b".utf8) + [0])])
        let ids = tokenizer.encode(String(repeating: "a", count: 100_000), parseSpecial: false)
        // The replacement has no piece; without one the text is what it was, perhaps behind a space.
        #expect(ids.contains(1) != replaces)
        #expect(replaces ? ids.count < 1000 : ids.suffix(100_000) == ArraySlice(repeating: 1, count: 100_000))
    }

    /// A model of the pieces `<unk>` and `a` with this table of replacements.
    private func model(_ characterMap: [UInt8]) -> [UInt8] {
        func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] {
            var (length, rest) = ([UInt8](), bytes.count)
            repeat {
                length.append(UInt8(rest & 127) | (rest > 127 ? 128 : 0))
                rest >>= 7
            } while rest > 0
            return [number << 3 | 2] + length + bytes
        }
        let unknown = field(1, Array("<unk>".utf8)) + [3 << 3, 2]
        let pieces = field(1, unknown) + field(1, field(1, Array("a".utf8)))
        return pieces + field(2, [3 << 3, 1]) + field(3, field(2, characterMap))
    }

    @Test func disagreeingFiles() throws {
        var bytes = try ReadableFile.contents(of: Self.directory + "/tokenizer.model")
        let place = try #require(bytes.firstRange(of: Array("▁the".utf8)))
        bytes[place.upperBound - 1] = UInt8(ascii: "x")
        #expect {
            try load(["tokenizer.json"], more: ["tokenizer.model": bytes])
        } throws: { error in
            guard case .piecesDisagree = (error as? TokenizationError)?.kind else { return false }
            return (error as? TokenizationError)?.file?.hasSuffix("tokenizer.model") == true
        }
    }
}
