import Files
import TestSupport
import Testing
import Tokenizers

/// The GGUF view of a tokenizer.
@Suite struct VocabularyTests {
    @Test func ofTheBundledModel() throws {
        let vocabulary = try VectorTests.tokenizer.get().vocabulary
        #expect(vocabulary.model == "llama")
        #expect(vocabulary.pre == "default")
        #expect(vocabulary.count == 4096)
        #expect(vocabulary.specials == SpecialTokens(bos: 1, eos: 2, pad: 0))
        #expect(vocabulary.addsBOS)
        #expect(!vocabulary.addsEOS)
        #expect(!vocabulary.addsSpacePrefix)
        #expect(vocabulary.chatTemplate == nil)
        #expect(vocabulary.kinds[0...2] == [.control, .control, .control])
        #expect(vocabulary.kinds[3...258].allSatisfy { $0 == .byte })
        #expect(vocabulary.kinds[259...].allSatisfy { $0 == .normal })
        // The first and the last merge; a character that no merge makes.
        #expect(vocabulary.scores[1659...1660] == [0, -1])
        #expect(vocabulary.scores[4095] == -2436)
        #expect(vocabulary.scores[262] == Vocabulary.unmergedScore)
    }

    @Test func padding() throws {
        let tokenizer = try VectorTests.tokenizer.get()
        for padded in [
            try tokenizer.padded(to: 4100), try Tokenizer(vocabulary: tokenizer.vocabulary).padded(to: 4100),
        ] {
            let vocabulary = padded.vocabulary
            #expect(vocabulary.count == 4100)
            #expect(vocabulary.pieces[4096...] == ["[PAD4096]", "[PAD4097]", "[PAD4098]", "[PAD4099]"])
            #expect(vocabulary.kinds[4096...].allSatisfy { $0 == .unused })
            #expect(vocabulary.scores.count == 4100)
            try padded.verifyScoreForm()
            let text = "[PAD4096] abc"
            #expect(
                padded.encode(text, parseSpecial: true) == tokenizer.encode(text, parseSpecial: true))
            #expect(try padded.decode([4099]).isEmpty)
            #expect(throws: TokenizationError(.invalidTokenID(4100, count: 4100))) { try padded.decode([4100]) }
        }
        #expect(try tokenizer.padded(to: 4096).vocabulary == tokenizer.vocabulary)
        #expect(throws: TokenizationError(.moreTokensThanRows(tokenCount: 4096, rowCount: 4095))) {
            try tokenizer.padded(to: 4095)
        }
        var small = SmallTokenizer()
        small.addedTokens.append(SmallTokenizer.added(267, "[PAD268]"))
        #expect(throws: TokenizationError(.duplicatePiece("[PAD268]", first: 267, second: 268))) {
            try small.load().padded(to: 269)
        }
    }

    @Test func refusals() throws {
        let good = try SmallTokenizer().load().vocabulary
        func problem(_ change: (inout Vocabulary) -> Void) -> TokenizationError.Kind? {
            var vocabulary = good
            change(&vocabulary)
            do throws(TokenizationError) {
                _ = try Tokenizer(vocabulary: vocabulary)
                return nil
            } catch {
                return error.kind
            }
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0.scores.removeLast() } == .countMismatch(of: "scores", found: 266, tokenCount: 267))
        #expect(problem { $0.kinds.append(.normal) } == .countMismatch(of: "token types", found: 268, tokenCount: 267))
        #expect(problem { $0.scores[5] = .nan } == .scoreNotANumber(5))
        #expect(problem { $0.scores[5] = -.infinity } == nil)
        #expect(problem { $0.pieces[266] = "" } == .emptyPiece(266))
        #expect(problem { $0.pieces[266] = "ab" } == .duplicatePiece("ab", first: 264, second: 266))
        #expect(problem { $0.pieces[266] = ByteString([0x61, 0xff]) } == .notUTF8(266))
        #expect(problem { $0.pieces[12] = "x" } == .missingByteToken(10))
        #expect(problem { $0.kinds[266] = .byte } == .byteTokenSpelling(266, "\u{2581}a"))
        #expect(problem { $0.specials.bos = 267 } == .specialToken(role: "the bos token", found: "267"))
        #expect(problem { $0.specials.otherEnds = [-1] } == .specialToken(role: "the eos token", found: "-1"))
        for (model, pre) in [("gpt2", "bloom"), ("llama", "qwen2"), ("", "")] {
            guard
                case .unsupported(part: "tokenizer.ggml.model", _, _) = problem({
                    $0.model = model
                    $0.pre = pre
                })
            else {
                Issue.record("\(model) \(pre)")
                continue
            }
        }
    }

    /// Canonically equivalent pieces are different tokens.
    @Test func keepsEquivalentCharactersApart() throws {
        var small = SmallTokenizer()
        small.vocabulary += [
            ("\u{c5}", "267"), ("\u{212b}", "268"), ("A", "269"), ("\u{30a}", "270"), ("A\u{30a}", "271"),
        ]
        small.merges = #"[["A", "\u030a"]]"#
        let text = "\u{c5}\u{212b}A\u{30a}"
        for tokenizer in [try small.load(), try Tokenizer(vocabulary: small.load().vocabulary)] {
            #expect(tokenizer.encode(text, parseSpecial: true) == [267, 268, 271])
            #expect(try tokenizer.text(of: [267, 268, 271]).utf8.elementsEqual(text.utf8))
        }
    }
}

/// What the files beside `tokenizer.json` decide.
@Suite struct CheckpointTests {
    private func load(_ files: [String: String], postProcessor: String = "null") throws -> Vocabulary {
        var small = SmallTokenizer()
        small.files = files
        small.postProcessor = postProcessor
        return try small.load().vocabulary
    }

    @Test func rolesComeFromTheFirstFileThatGivesThem() throws {
        #expect(try load([:]).specials == SpecialTokens())
        let files = [
            "tokenizer_config.json": #"{"bos_token": {"content": "<s>"}, "eos_token": null}"#,
            "special_tokens_map.json": #"{"bos_token": "</s>", "pad_token": "a"}"#,
            "generation_config.json": #"{"eos_token_id": [1, 260, 261], "pad_token_id": 2}"#,
            "config.json": #"{"bos_token_id": 7, "eos_token_id": 9, "unk_token_id": 8}"#,
        ]
        #expect(
            try load(files).specials
                == SpecialTokens(bos: 0, eos: 1, pad: 260, unknown: 8, otherEnds: [260, 261]))
    }

    @Test(arguments: [
        (
            "config.json", #"{"eos_token_id": "x"}"#,
            TokenizationError.Kind.malformed(key: "eos_token_id", expected: "a token's id")
        ),
        ("tokenizer_config.json", #"{"pad_token": 3}"#, .malformed(key: "pad_token", expected: "a token's text")),
        ("tokenizer_config.json", #"{"add_bos_token": true}"#, .specialToken(role: "bos_token", found: "none")),
        (
            "tokenizer_config.json", #"{"add_bos_token": 1}"#,
            .malformed(key: "add_bos_token", expected: "true or false")
        ),
        (
            "tokenizer_config.json", #"{"chat_template": 1}"#,
            .malformed(key: "chat_template", expected: "a string or named ones")
        ),
    ])
    func refusals(file: String, text: String, kind: TokenizationError.Kind) throws {
        var small = SmallTokenizer()
        small.files[file] = text
        #expect(try small.problem() == kind)
    }

    @Test func templateProcessing() throws {
        func template(_ single: String) -> String {
            #"{"type": "TemplateProcessing", "single": [\#(single)], "pair": [], "special_tokens": "#
                + #"{"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}}}"#
        }
        let text = #"{"Sequence": {"id": "A", "type_id": 0}}"#
        let bos = #"{"SpecialToken": {"id": "<s>", "type_id": 0}}"#
        let eos = #"{"SpecialToken": {"id": "</s>", "type_id": 0}}"#
        let both = try load([:], postProcessor: template("\(bos), \(text), \(eos)"))
        #expect(both.addsBOS && both.addsEOS)
        #expect(both.specials == SpecialTokens(bos: 0, eos: 1))
        let first = try load([:], postProcessor: template("\(bos), \(text)"))
        #expect(first.addsBOS && !first.addsEOS)
        let neither = try load([:], postProcessor: template(text))
        #expect(!neither.addsBOS && !neither.addsEOS)
        // As transformers and llama.cpp's converter have it, tokenizer_config.json does not override the template.
        let contradicted = try load(
            ["tokenizer_config.json": #"{"add_bos_token": false}"#], postProcessor: template("\(bos), \(text)"))
        #expect(contradicted.addsBOS == true)
        #expect(throws: TokenizationError.self) { try load([:], postProcessor: template("\(bos), \(bos), \(text)")) }
        #expect(throws: TokenizationError.self) { try load([:], postProcessor: template("\(text), \(text)")) }
        #expect(throws: TokenizationError.self) {
            try load(
                ["tokenizer_config.json": #"{"bos_token": "</s>"}"#], postProcessor: template("\(bos), \(text)"))
        }
    }

    @Test func chatTemplates() throws {
        func template(_ value: String, _ more: [String: String] = [:]) throws -> String? {
            try load(["tokenizer_config.json": #"{"chat_template": \#(value)}"#].merging(more) { $1 }).chatTemplate
        }
        #expect(try template(#""{{ x }}""#) == "{{ x }}")
        let named = #"[{"name": "tools", "template": "t"}, {"name": "default", "template": "d"}]"#
        #expect(try template(named) == "d")
        #expect(try template(#"[{"name": "tools", "template": "t"}]"#) == nil)
        #expect(try template("null") == nil)
        #expect(try template(#""config""#, ["chat_template.jinja": "file"]) == "file")
    }
}
