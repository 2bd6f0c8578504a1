import Files
import TestSupport
import Testing
import Tokenizers

/// What a `tokenizer.json` and the files beside it may not hold.
@Suite struct RefusalTests {
    private func problem(_ change: (inout SmallTokenizer) -> Void) throws -> TokenizationError.Kind? {
        var tokenizer = SmallTokenizer()
        change(&tokenizer)
        return try tokenizer.problem()
    }

    @Test func theUndamagedOneLoads() throws {
        let tokenizer = try SmallTokenizer().load()
        #expect(tokenizer.encode("abc a1</s>", parseSpecial: true) == [265, 266, 263, 1])
        try tokenizer.verifyScoreForm()
    }

    static let unsupportedParts: [(String, @Sendable (inout SmallTokenizer) -> Void)] = [
        ("normalizer", { $0.normalizer = "null" }),
        ("normalizer", { $0.normalizer = #"{"type": "NFKC"}"# }),
        ("normalizer", { $0.normalizer = #"{"type": "Replace", "pattern": {"Regex": " "}, "content": "▁"}"# }),
        ("normalizer", { $0.normalizer = #"{"type": "Replace", "pattern": {"String": " "}, "content": "_"}"# }),
        ("normalizer", { $0.normalizer = $0.normalizer.dropLast() + #", "more": 1}"# }),
        ("normalizer", { $0.normalizer = #"{"type": "Prepend", "prepend": "_"}"# }),
        (
            "normalizer[1]",
            { $0.normalizer = #"{"type": "Sequence", "normalizers": [\#($0.normalizer), {"type": "NFC"}]}"# }
        ),
        ("pre_tokenizer", { $0.preTokenizer = #"{"type": "ByteLevel", "add_prefix_space": false}"# }),
        ("pre_tokenizer", { $0.preTokenizer = #"{"type": "Metaspace"}"# }),
        ("pre_tokenizer", { $0.preTokenizer = #"{"type": "Digits", "individual_digits": false}"# }),
        (
            "pre_tokenizer[0]",
            { $0.preTokenizer = $0.preTokenizer.replacing("MergedWithNext", with: "MergedWithPrevious") }
        ),
        (
            "pre_tokenizer[0]",
            { $0.preTokenizer = $0.preTokenizer.replacing("\"invert\": false", with: "\"invert\": true") }
        ),
        ("pre_tokenizer[1]", { $0.preTokenizer = $0.preTokenizer.replacing("\\\\n+", with: "\\\\s+") }),
        ("decoder", { $0.decoder = "null" }),
        ("decoder", { $0.decoder = #"{"type": "ByteLevel"}"# }),
        ("decoder[1]", { $0.decoder = $0.decoder.replacing("ByteFallback", with: "Strip") }),
        ("post_processor", { $0.postProcessor = #"{"type": "ByteLevel"}"# }),
        ("post_processor", { $0.postProcessor = #"{"type": "TemplateProcessing", "single": []}"# }),
        ("model", { $0.model["type"] = "\"WordPiece\"" }),
        ("model", { $0.model["byte_fallback"] = "false" }),
        ("model", { $0.model["dropout"] = "0.1" }),
        ("model", { $0.model["end_of_word_suffix"] = "\"</w>\"" }),
        ("model", { $0.model["continuing_subword_prefix"] = "\"##\"" }),
        ("model", { $0.model["novelty"] = "1" }),
        ("tokenizer.json", { $0.root["novelty"] = "1" }),
        ("version", { $0.root["version"] = "\"2.0\"" }),
        ("added_tokens[0]", { $0.addedTokens[0] = SmallTokenizer.added(0, "<s>", flags: ", \"novelty\": true") }),
    ]

    @Test(arguments: unsupportedParts)
    func namesWhatIsNotSupported(part: String, change: @Sendable (inout SmallTokenizer) -> Void) throws {
        guard case .unsupported(part, _, _) = try problem(change) else {
            Issue.record("\(part): \(String(describing: try problem(change)))")
            return
        }
    }

    @Test(arguments: [
        (#"[["a", "z"]]"#, 0, TokenizationError.MergeProblem.missingToken("z")),
        (#"[["z", "a"]]"#, 0, .missingToken("z")),
        (#"[["b", "a"]]"#, 0, .missingProduct("ba")),
        (#"[["a", "b"], ["ab", "c"], ["a", "b"]]"#, 2, .duplicate(of: 0)),
        (#"["a b", "a b"]"#, 1, .duplicate(of: 0)),
        (#"["ab"]"#, 0, .malformed),
        (#"["a b c"]"#, 0, .malformed),
        (#"["a  b"]"#, 0, .malformed),
        (#"[["a", ""]]"#, 0, .malformed),
        (#"[["a", "b", "c"]]"#, 0, .malformed),
        (#"[["a", 1]]"#, 0, .malformed),
        (#"[["a", 1, "b"]]"#, 0, .malformed),
        (#"[7]"#, 0, .malformed),
        (#"[["<0x41>", "<0x42>"]]"#, 0, .joinsByteTokens),
    ])
    func merges(merges: String, index: Int, problem expected: TokenizationError.MergeProblem) throws {
        #expect(try problem { $0.merges = merges } == .merge(index: index, expected))
    }

    @Test func vocabulary() throws {
        #expect(try problem { $0.vocabulary[258].1 = "259" } == .duplicateID(259, first: "\u{2581}", second: "\n"))
        #expect(try problem { $0.vocabulary[266].1 = "5000" } == .missingID(266, count: 267))
        #expect(try problem { $0.vocabulary[266].1 = "-1" } == .idOutOfRange("\u{2581}a", id: -1))
        #expect(try problem { $0.vocabulary[266].1 = "4294967296" } == .idOutOfRange("\u{2581}a", id: 1 << 32))
        #expect(
            try problem { $0.vocabulary[266].1 = "0.5" }
                == .malformed(key: "model.vocab[\"\u{2581}a\"]", expected: "an integer"))
        #expect(try problem { $0.vocabulary.append(("", "267")) } == .emptyPiece(267))
        #expect(try problem { $0.vocabulary[2].0 = "x" } == .missingByteToken(0))
        #expect(try problem { $0.vocabulary.append(("<0xab>", "267")) } == .byteTokenSpelling(267, "<0xab>"))
        #expect(try problem { $0.vocabulary.append(("<0x+1>", "267")) } == .byteTokenSpelling(267, "<0x+1>"))
        #expect(try problem { $0.model["vocab"] = "[]" } == .malformed(key: "model.vocab", expected: "an object"))
        #expect(try problem { $0.model["merges"] = "{}" } == .malformed(key: "model.merges", expected: "an array"))
        #expect(
            try problem { $0.model["unk_token"] = "\"<unk>\"" }
                == .specialToken(role: "model.unk_token", found: "\"<unk>\""))
    }

    @Test func addedTokens() throws {
        func problem(adding token: String) throws -> TokenizationError.Kind? {
            try self.problem { $0.addedTokens.append(token) }
        }
        let added = SmallTokenizer.added
        #expect(try problem(adding: added(267, "<s>", true, "")) == .addedToken("<s>", id: 267, .listedTwice))
        #expect(
            try problem(adding: added(267, "abc", true, "")) == .addedToken("abc", id: 267, .pieceHasAnotherID(265)))
        #expect(
            try problem(adding: added(3, "<x>", true, "")) == .addedToken("<x>", id: 3, .idHoldsAnotherPiece("<0x01>")))
        #expect(try problem(adding: added(3, "<0x01>", true, "")) == .addedToken("<0x01>", id: 3, .isByteToken))
        #expect(try problem(adding: added(268, "<x>", true, "")) == .missingID(267, count: 268))
        #expect(try problem(adding: added(267, "", true, "")) == .emptyPiece(267))
        #expect(try problem(adding: added(-5, "<x>", true, "")) == .idOutOfRange("<x>", id: -5))
        #expect(try problem(adding: added(267, "<x>", true, "")) == nil)
        #expect(
            try self.problem {
                $0.files["tokenizer_config.json"] = #"{"added_tokens_decoder": {"9": {"content": "<9>"}}}"#
            } == .addedToken("<9>", id: 9, .notInTokenizer))
        #expect(
            try self.problem {
                $0.files["tokenizer_config.json"] = #"{"added_tokens_decoder": {"1": {"content": "<9>"}}}"#
            } == .addedToken("<9>", id: 1, .idHoldsAnotherPiece("</s>")))
    }

    @Test func errorsNameTheFile() throws {
        #expect {
            try Fixtures.tokenizer(ByteString("[]"))
        } throws: { error in
            (error as? TokenizationError)?.diagnostic.file?.hasSuffix("/tokenizer.json") == true
        }
        #expect {
            try Fixtures.tokenizer(
                ByteString(SmallTokenizer().json), files: ["tokenizer_config.json": #"{"bos_token": 3}"#])
        } throws: { error in
            (error as? TokenizationError)?.diagnostic.file?.hasSuffix("/tokenizer_config.json") == true
        }
    }

    /// Cut anywhere, it is an error and nothing else.
    @Test func truncatedFiles() throws {
        let json = Array(SmallTokenizer().json.utf8)
        for end in stride(from: 0, to: json.count - 1, by: 97) {
            #expect(throws: (any Error).self) { try Fixtures.tokenizer(ByteString(json[..<end])) }
        }
    }
}
