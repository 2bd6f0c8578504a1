import ByteJSON
import Files
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Tokenizers as several versions of HuggingFace's libraries save them; see Tests/Generators/saved_tokenizers_golden.py.
@Suite struct SavedTokenizerTests {
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/saved_tokenizers_golden.json.zst"))
    }

    private func list(_ key: ByteString) throws -> [JSON] { try #require(Self.golden.get()[key]?.array) }

    /// The `tokenizer.json` of a bundled model with another beginning.
    private func definition(_ item: JSON) throws -> ByteString {
        let base = try #require(item["base"]?.string)
        let bytes = try ReadableFile.contents(of: Fixtures.path("models/\(base)/tokenizer.json"))
        let place = try #require(bytes.firstRange(of: Array("\"vocab\"".utf8)))
        return ByteString(try #require(item["head"]?.bytes).bytes + bytes[place.lowerBound...])
    }

    private func tokenizer(_ json: ByteString, files: [String: [UInt8]] = [:]) throws -> Tokenizer {
        try Fixtures.withTemporaryDirectory { directory in
            for (name, bytes) in files.merging(["tokenizer.json": json.bytes], uniquingKeysWith: { $1 }) {
                try Data(bytes).write(to: URL(filePath: directory + "/" + name))
            }
            return try Tokenizer(checkpointDirectory: directory)
        }
    }

    private var model: [UInt8] {
        get throws { try ReadableFile.contents(of: SentencePieceTests.directory + "/tokenizer.model") }
    }

    private func check(_ item: JSON, _ tokenizer: Tokenizer, plain: Bool = true) throws {
        let name = try #require(item["name"]?.string)
        for item in try #require(item["cases"]?.array) {
            let text = try #require(item["text"]?.bytes)
            let ids = try #require(item.ids("ids"))
            #expect(tokenizer.encode(text.bytes, parseSpecial: true) == ids, "\(name): \(text)")
            guard plain else { continue }
            #expect(
                tokenizer.encode(text.bytes, parseSpecial: false) == item.ids("ids_plain") ?? ids, "\(name): \(text)")
        }
        for item in try #require(item["decode"]?.array) { try GoldenTokens.checkDecoding(item, tokenizer, of: name) }
    }

    @Test func savedByTransformers() throws {
        try Conformance.row("tokenizers/saved-by-transformers-5")
        let items = try list("saved").filter { $0["name"]?.string?.hasPrefix("transformers") == true }
        #expect(items.count == 11)
        for item in items {
            let json = try definition(item)
            let alone = try tokenizer(json)
            try check(item, alone)
            try alone.verifyScoreForm()
            guard item["base"]?.string == "apus-xdan-tiny" else {
                #expect(!alone.vocabulary.addsBOS)
                continue
            }
            let beside = try tokenizer(json, files: ["tokenizer.model": try model])
            try check(item, beside)
            try beside.verifyScoreForm()
            #expect(beside.vocabulary.scores.contains(-2688))
            #expect(alone.encode("Hello world", parseSpecial: true) == beside.encode("Hello world", parseSpecial: true))
        }
    }

    @Test func savedWithAddPrefixSpace() throws {
        try Conformance.row("tokenizers/add-prefix-space")
        let items = try list("saved").filter { $0["name"]?.string?.hasPrefix("tokenizers 0.15") == true }
        #expect(items.count == 8)
        for item in items {
            let tokenizer = try tokenizer(definition(item))
            try check(item, tokenizer, plain: false)
            let adds = try #require(item["name"]?.string).hasSuffix("True")
            #expect(tokenizer.vocabulary.addsSpacePrefix == adds)
            guard !adds, item["base"]?.string == "xverse-moe-tiny" else { continue }
            #expect(tokenizer.encode("Hello world", parseSpecial: true) == [300, 3859, 3560])
        }
    }

    /// Where the space goes is the one thing that the stored form changes.
    @Test func spacesThatAFileCannotHold() throws {
        try Conformance.row("tokenizers/spaces-not-in-gguf")
        let items = try list("saved").filter {
            $0["base"]?.string == "apus-xdan-tiny" && $0["name"]?.string?.hasPrefix("transformers") == true
        }
        for item in items {
            let tokenizer = try tokenizer(definition(item))
            try tokenizer.verifyScoreForm()
            let stored = try Tokenizer(vocabulary: tokenizer.vocabulary)
            let cases = try #require(item["cases"]?.array)
            let isSame = try cases.allSatisfy {
                // In these texts an added token begins with a space, which llama.cpp looks for before anything else.
                let text = try #require($0["text"]?.bytes).description
                return text.contains(" z") || text.contains("[x y]")
                    || stored.encode(text, parseSpecial: true) == $0.ids("ids")
            }
            #expect(isSame == tokenizer.remarks.isEmpty, "\(item["name"]?.string ?? ""): \(tokenizer.remarks)")
            let text = "Hello world"
            #expect(stored.encode(text, parseSpecial: true) == tokenizer.encode(text, parseSpecial: true))
            for remark in tokenizer.remarks {
                #expect(remark.contains("stock llama.cpp, and Swage like it"))
                #expect(try tokenizer.padded(to: 4200).remarks == [remark])
            }
        }
    }

    @Test func aModelStandsInForUnknownSteps() throws {
        try Conformance.row("tokenizers/unknown-steps-beside-a-model")
        let original = try ReadableFile.contents(of: SentencePieceTests.directory + "/tokenizer.json")
        let text = try #require(ByteString(original).string)
        let place = try #require(text.range(of: "\"Prepend\""))
        let changed = ByteString(text.replacingCharacters(in: place, with: "\"Unheard\""))
        #expect(throws: TokenizationError.self) { try tokenizer(changed) }
        let found = try tokenizer(changed, files: ["tokenizer.model": try model])
        for vector in try TokenizerVector.list(SentencePieceTests.directory) { try vector.check(found) }
        #expect(found.vocabulary.addsBOS && !found.vocabulary.addsEOS && found.vocabulary.specials.bos == 1)
        #expect(found.remarks.count == 1)
        #expect(found.remarks[0].contains("normalizer") && found.remarks[0].contains("Unheard"))
        #expect(found.remarks[0].hasSuffix("tokenizer.model is used instead"))
        // Damage is still an error, and so is a model of other pieces.
        #expect(throws: JSONError.self) {
            try tokenizer(ByteString(changed.bytes.dropLast(300)), files: ["tokenizer.model": try model])
        }
        var other = try model
        let piece = try #require(other.firstRange(of: Array("▁the".utf8)))
        other[piece.upperBound - 1] = UInt8(ascii: "x")
        #expect {
            try tokenizer(changed, files: ["tokenizer.model": other])
        } throws: {
            guard case .piecesDisagree = ($0 as? TokenizationError)?.kind else { return false }
            return true
        }
    }

    @Test func beginsAndEnds() throws {
        try Conformance.row("tokenizers/begin-token-contradiction")
        try Conformance.row("tokenizers/other-post-processors")
        let items = try list("flags")
        #expect(items.count == 48)
        for item in items {
            let configuration = try #require(item["configuration"]?.bytes)
            let found = try tokenizer(definition(item), files: ["tokenizer_config.json": configuration.bytes])
            let name = "\(item["name"]?.string ?? ""): \(configuration)"
            #expect(found.vocabulary.addsBOS == item["bos"]?.bool, "\(name)")
            #expect(found.vocabulary.addsEOS == item["eos"]?.bool, "\(name)")
            let flags = try JSON(parsing: configuration.bytes)
            let contradictions = [("add_bos_token" as ByteString, "bos" as ByteString), ("add_eos_token", "eos")].filter
            {
                flags[$0.0]?.bool ?? item[$0.1]?.bool != item[$0.1]?.bool
            }
            #expect(found.remarks.count == contradictions.count, "\(name): \(found.remarks)")
        }
    }

    @Test func equalScores() throws {
        try Conformance.row("tokenizers/equal-scores")
        let original = ByteString(try ReadableFile.contents(of: SentencePieceTests.directory + "/tokenizer.json"))
        for item in try list("ties") {
            var changed = try model
            let place = try #require(item["place"]?.integer)
            changed.replaceSubrange(place..<place + 4, with: try #require(item["score"]?.string).hexadecimalBytes)
            let found = try tokenizer(original, files: ["tokenizer.model": changed])
            let stored = try Tokenizer(vocabulary: found.vocabulary)
            guard item["name"]?.string == "differs" else {
                try found.verifyScoreForm()
                for item in try #require(item["cases"]?.array) {
                    for tokenizer in [found, stored] { try GoldenTokens.checkEncoding(item, tokenizer, of: "same") }
                }
                continue
            }
            let text = try #require(item["text"]?.string)
            #expect(found.encode(text, parseSpecial: true) == item.ids("ids"))
            #expect(stored.encode(text, parseSpecial: true) == item.ids("sentencepiece"))
            #expect {
                try found.verifyScoreForm()
            } throws: {
                guard case .scoresCannotExpress(_, _, .tieMatters(let shown)) = ($0 as? TokenizationError)?.kind
                else { return false }
                return text.hasSuffix(shown.description.replacing("\u{2581}", with: " "))
            }
        }
    }
}
