import ByteJSON
import Files
import Foundation
import TestSupport
import Testing
import Tokenizers

/// Tokenizers as strangers publish them, against HuggingFace and stock llama.cpp; see
/// Tests/Generators/tokenizer_bytes_golden.py.
@Suite struct TokenizerFileTests {
    private static let golden = Result {
        try JSON(parsing: Fixtures.decompressed("golden/tokenizer_bytes_golden.json.zst"))
    }

    private func checkVariants(_ names: [String]) throws {
        let variants = try #require(Self.golden.get()["variants"]?.array)
        for name in names {
            let variant = try #require(variants.first { $0["name"]?.string == name })
            let tokenizer = try Fixtures.tokenizer(#require(variant["tokenizer"]?.bytes))
            try tokenizer.verifyScoreForm()
            var vocabulary = tokenizer.vocabulary
            let pre = try #require(variant["pre"]?.string)
            #expect(Tokenizer.hasPreTokenizer(named: pre))
            if pre != "smollm" { #expect(vocabulary.pre == pre) }
            vocabulary.pre = pre
            let stored = try Tokenizer(vocabulary: vocabulary)
            let cases = try #require(variant["cases"]?.array)
            #expect(cases.count > 40)
            for item in cases {
                try GoldenTokens.checkEncoding(item, tokenizer, of: name)
                let text = try #require(item["text"]?.bytes)
                #expect(stored.encode(text.bytes, parseSpecial: true) == item.ids("llama"), "\(name), GGUF: \(text)")
            }
        }
    }

    private func checkFolders(_ names: [String]) throws {
        let folders = try #require(Self.golden.get()["folders"]?.array)
        for name in names {
            let folder = try #require(folders.first { $0["name"]?.string == name })
            let files = try #require(folder["files"]?.object).members
            try Fixtures.withTemporaryDirectory { directory in
                for file in files {
                    let bytes = try #require(file.value.bytes).bytes
                    try Data(bytes).write(to: URL(filePath: "\(directory)/\(file.key)"))
                }
                let tokenizer = try Tokenizer(checkpointDirectory: directory)
                for item in try #require(folder["cases"]?.array) {
                    let text = try #require(item["text"]?.bytes)
                    #expect(tokenizer.encode(text.bytes, parseSpecial: true) == item.ids("ids"), "\(name): \(text)")
                }
            }
        }
    }

    @Test func missingBytes() throws {
        try Conformance.row("tokenizers-bytes/missing-bytes")
        let names = [
            "missing bytes", "missing bytes, unknown token", "missing bytes, unknown token, fused",
            "many missing bytes",
        ]
        try checkVariants(names)
        let variants = try #require(Self.golden.get()["variants"]?.array)
        for (name, unknown) in [(names[0], nil as ByteString?), (names[1], "<unk>")] {
            let variant = try #require(variants.first { $0["name"]?.string == name })
            let tokenizer = try Fixtures.tokenizer(#require(variant["tokenizer"]?.bytes))
            // The others are bytes that no assigned character has.
            #expect(
                tokenizer.warnings.map(\.kind)
                    == [.bytesWithoutTokens([0x04, 0x06, 0x13, 0x14, 0x16, 0x1d], unknown: unknown)])
        }
    }

    @Test func splitPatternsOfTekkenAndGPT4o() throws {
        try Conformance.row("tokenizers-bytes/cased-patterns")
        try checkVariants(["tekken", "gpt-4o", "edges, tekken", "edges, gpt-4o"])
    }

    @Test func splitPatternsOfQwen35AndMiniCPM5() throws {
        try Conformance.row("tokenizers-bytes/marked-patterns")
        try checkVariants(["qwen35", "edges, qwen35", "minicpm5"])
    }

    @Test func tokensOnlyInTheListOfTheConfiguration() throws {
        try Conformance.row("tokenizers-bytes/listed-tokens")
        try checkFolders(["tokens only in added_tokens_decoder"])
    }

    @Test func vocabularyAndMergesAlone() throws {
        try Conformance.row("tokenizers-bytes/vocabulary-files")
        try checkFolders(["vocab.json and merges.txt of GPT2Tokenizer", "vocab.json and merges.txt of Qwen2Tokenizer"])
        try Fixtures.withTemporaryDirectory { directory in
            func write(_ name: String, _ text: String) throws {
                try Data(text.utf8).write(to: URL(filePath: "\(directory)/\(name)"))
            }
            try write("vocab.json", #"{"a": 0, "b": 1, "ab": 2}"#)
            try write("merges.txt", "#version: 0.2\na b\n")
            func problem(_ preTokenizer: String? = nil) throws -> TokenizationError.Kind? {
                do {
                    _ = try Tokenizer(checkpointDirectory: directory, preTokenizer: preTokenizer)
                    return nil
                } catch let error as TokenizationError {
                    #expect(error.diagnostic.file == directory + "/vocab.json")
                    return error.kind
                }
            }
            #expect(try problem() == .vocabularyFilesAlone(tokenizerClass: nil))
            #expect(try problem("gpt-2") == nil)
            try write("tokenizer_config.json", #"{"tokenizer_class": "RobertaTokenizer"}"#)
            #expect(try problem() == .vocabularyFilesAlone(tokenizerClass: "RobertaTokenizer"))
        }
    }

    @Test(arguments: [
        ("config.json", #"{"bos_token_id": 267}"#, "bos_token_id", "267"),
        ("config.json", #"{"eos_token_id": -1}"#, "eos_token_id", "-1"),
        ("config.json", #"{"pad_token_id": -1, "eos_token_id": 1}"#, "pad_token_id", "-1"),
        ("config.json", #"{"unk_token_id": 4294967296}"#, "unk_token_id", "4294967296"),
        ("generation_config.json", #"{"eos_token_id": [1, 300]}"#, "eos_token_id", "300"),
        ("tokenizer_config.json", #"{"pad_token": "<pad>"}"#, "pad_token", "\"<pad>\""),
        ("special_tokens_map.json", #"{"unk_token": {"content": "<nil>"}}"#, "unk_token", "\"<nil>\""),
    ])
    func rolesWithoutTokens(file: String, text: String, role: String, found: String) throws {
        try Conformance.row("tokenizers-bytes/roles-without-tokens")
        var small = SmallTokenizer()
        small.files[file] = text
        let tokenizer = try small.load()
        #expect(tokenizer.warnings.map(\.kind) == [.roleWithoutToken(role: role, found: found)])
        #expect(tokenizer.warnings[0].file?.hasSuffix("/" + file) == true)
        let specials = tokenizer.vocabulary.specials
        #expect(specials == SpecialTokens(eos: text.contains("1, 300") || text.contains(": 1}") ? 1 : nil))
    }

    /// A name that is in no vocabulary does not keep the id of a later file away.
    @Test func rolesComeFromTheNextFileThatKnowsThem() throws {
        try Conformance.row("tokenizers-bytes/roles-without-tokens")
        var small = SmallTokenizer()
        small.files["tokenizer_config.json"] = #"{"eos_token": "<none>"}"#
        small.files["config.json"] = #"{"eos_token_id": 1}"#
        let tokenizer = try small.load()
        #expect(tokenizer.vocabulary.specials == SpecialTokens(eos: 1))
        #expect(tokenizer.warnings.count == 1)
    }

    @Test func tokensWithoutRows() throws {
        try Conformance.row("tokenizers-bytes/tokens-without-rows")
        var small = SmallTokenizer()
        small.addedTokens.append(SmallTokenizer.added(267, "<x>"))
        small.addedTokens.append(SmallTokenizer.added(268, "<y>"))
        func load(_ rowCount: Int) throws -> Tokenizer {
            try Fixtures.withTemporaryDirectory { directory in
                try Data(small.json.utf8).write(to: URL(filePath: directory + "/tokenizer.json"))
                return try Tokenizer(checkpointDirectory: directory, rowCount: rowCount)
            }
        }
        #expect(try load(269).warnings.isEmpty)
        let one = try load(268)
        #expect(one.warnings.map(\.kind) == [.tokensWithoutRows(first: 268, count: 1, rowCount: 268)])
        #expect(one.vocabulary.count == 268)
        #expect(one.encode("<x>", parseSpecial: true) == [267])
        #expect(!one.encode("<y>", parseSpecial: true).contains(268))
        // Pieces that merges make go as well: "▁a" is the last, then "abc".
        let fewer = try load(265)
        #expect(fewer.warnings.map(\.kind) == [.tokensWithoutRows(first: 265, count: 4, rowCount: 265)])
        #expect(fewer.encode("abc a", parseSpecial: true) == [264, 262, 258, 260])
        try fewer.verifyScoreForm()
    }

    @Test func piecesThatHoldNUL() throws {
        try Conformance.row("tokenizers-bytes/nul")
        var small = SmallTokenizer()
        small.vocabulary.append(("\\u0000", "267"))
        let alone = try small.load()
        #expect(alone.encode([0x61, 0], parseSpecial: true) == [260, 267])
        // As llama.cpp's converter writes it.
        #expect(alone.vocabulary.pieces[267] == #"<b'\x00'>"#)
        #expect(alone.vocabulary.kinds[267] == .byte)
        try alone.verifyScoreForm()
        let stored = try Tokenizer(vocabulary: alone.vocabulary)
        #expect(try stored.decode([260, 267, 2]) == [0x61, 0, 0])
        // As llama.cpp reads it: the byte's own token.
        #expect(stored.encode([0x61, 0], parseSpecial: true) == [260, 2])
        small.vocabulary[267].0 = "a\\u0000"
        #expect(throws: TokenizationError(.pieceHoldsNUL(267))) { try small.load().verifyScoreForm() }
    }
}
