import ByteJSON
import Files
import Numerics
import TestSupport
import Testing
import Tokenizers

/// What holds for the families of tokenizers beside the first one.
@Suite struct FamilyTests {
    private func tokenizers() throws -> [Tokenizer] {
        let checkpoints = [try ByteLevelTests.tokenizer.get(), try SentencePieceTests.tokenizer.get()]
        return try checkpoints.flatMap { [$0, try Tokenizer(vocabulary: $0.vocabulary)] }
    }

    /// Long runs without a boundary: would not end within the suite's patience if the work were quadratic.
    @Test(arguments: ["a", "e", "\n", "the", "的", " ", "ab1", "\t ", "'s", "!?", "1"])
    func longWords(word: String) throws {
        let text = Array(String(repeating: word, count: 1_000_000 / word.utf8.count).utf8)
        for tokenizer in try tokenizers() {
            let ids = tokenizer.encode(text, parseSpecial: true)
            #expect(Array(try tokenizer.decode(ids).suffix(text.count)) == text)
        }
    }

    /// The same for every way to split.
    @Test(arguments: [
        "gpt-2", "qwen2", "starcoder", "deepseek-llm", "deepseek-coder", "deepseek-v3", "tekken", "gpt-4o", "qwen35",
        "default",
    ])
    func longWords(pre: String) throws {
        var vocabulary = try ByteLevelTests.tokenizer.get().vocabulary
        vocabulary.pre = pre
        let tokenizer = try Tokenizer(vocabulary: vocabulary)
        for word in ["a", " ", "\t", "\n", "的", "!", "1", "\u{3000}", " \n", "'", "\u{301}"] {
            let text = Array(String(repeating: word, count: 300_000).utf8)
            #expect(try tokenizer.decode(tokenizer.encode(text, parseSpecial: true)) == text)
        }
    }

    /// Any bytes are encoded; those that are UTF-8 come back.
    @Test func anyBytes() throws {
        var random = SeededRandom(seed: 8)
        let atoms: [[UInt8]] = ["a", " ", "\u{e9}", "\n", "1", "'S", "你", "<s>", "<|end_of_text|>"].map {
            Array($0.utf8)
        }
        for tokenizer in try tokenizers() {
            for _ in 0..<1500 {
                let text = (0..<Int.random(in: 0...12, using: &random)).flatMap { _ in
                    atoms.randomElement(using: &random)!
                }
                let ids = tokenizer.encode(text, parseSpecial: false)
                #expect(Array(try tokenizer.decode(ids).suffix(text.count)) == text)
            }
            for length in 0..<70 {
                let text = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
                _ = tokenizer.encode(text, parseSpecial: true)
            }
        }
    }

    @Test func storedFormIsTheSame() throws {
        try ByteLevelTests.tokenizer.get().verifyScoreForm()
        try SentencePieceTests.tokenizer.get().verifyScoreForm()
        try SentencePieceTests.tokenizer.get().padded(to: 5000).verifyScoreForm()
    }

    @Test func byteLevelVocabularies() throws {
        let good = try ByteLevelTests.tokenizer.get().vocabulary
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
        #expect(problem { $0.merges[7] = "zz qq" } == .merge(index: 7, .missingToken("zz")))
        #expect(problem { $0.merges[7] = "ab" } == .merge(index: 7, .malformed))
        #expect(problem { $0.merges[7] = "a b c" } == .merge(index: 7, .malformed))
        #expect(problem { $0.merges[7] = "" } == .merge(index: 7, .malformed))
        #expect(problem { $0.merges[7] = "! !!!!!" } == .merge(index: 7, .missingToken("!!!!!")))
        #expect(problem { $0.merges[7] = $0.merges[6] } == .merge(index: 7, .duplicate(of: 6)))
        #expect(problem { $0.pieces[4000] = "" } == .emptyPiece(4000))
        #expect(
            problem { $0.pieces[4000] = $0.pieces[3999] }
                == .duplicatePiece(good.pieces[3999], first: 3999, second: 4000))
        #expect(problem { $0.kinds.removeLast() } == .countMismatch(of: "token types", found: 4095, tokenCount: 4096))
        #expect(problem { $0.specials.eos = 4096 } == .specialToken(role: "the eos token", found: "4096"))
        let space = try #require(good.pieces.firstIndex(of: "Ġ"))
        #expect(
            problem {
                $0.merges = []; $0.pieces[space] = "xyzzy"
            } == nil)
        // Pieces that are no text at all are tokens that no text makes.
        #expect(problem { $0.pieces[4095] = ByteString([0xff, 0x20]) } == nil)
    }

    private func small(_ preTokenizer: String, _ change: (inout SmallTokenizer) -> Void = { _ in }) -> SmallTokenizer {
        var small = SmallTokenizer()
        small.normalizer = "null"
        small.preTokenizer = preTokenizer
        small.decoder = #"{"type": "ByteLevel"}"#
        small.model["byte_fallback"] = "false"
        let bytes = (0..<256).map { byte -> String in
            let isVisible = (0x21...0x7e).contains(byte) || (0xa1...0xac).contains(byte) || byte >= 0xae
            let hidden = (0..<byte).filter { !((0x21...0x7e).contains($0) || (0xa1...0xac).contains($0) || $0 >= 0xae) }
            let scalar = String(UnicodeScalar(UInt32(isVisible ? byte : 0x100 + hidden.count))!)
            return scalar == "\"" || scalar == "\\" ? "\\" + scalar : scalar
        }
        small.vocabulary = (["<s>", "</s>"] + bytes + ["ab", "Ġa"]).enumerated().map { ($1, "\($0)") }
        small.merges = #"[["a", "b"], ["Ġ", "a"]]"#
        change(&small)
        return small
    }

    @Test func unknownPatternsAreShown() throws {
        let split = #"{"type": "Split", "pattern": {"Regex": "\\w+|\\W+"}, "behavior": "Isolated", "invert": false}"#
        let byteLevel = #"{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false}"#
        let unknown = small(#"{"type": "Sequence", "pretokenizers": [\#(split), \#(byteLevel)]}"#)
        guard case .unknownSplitPattern(part: "pre_tokenizer[0]", "\\w+|\\W+", _) = try unknown.problem() else {
            Issue.record("\(String(describing: try unknown.problem()))")
            return
        }
        let named = try Fixtures.tokenizer(ByteString(unknown.json), preTokenizer: "qwen2")
        #expect(named.vocabulary.pre == "qwen2")
        // The name decides where the pattern is known too.
        let plain = small(#"{"type": "ByteLevel", "add_prefix_space": false}"#)
        let renamed = try Fixtures.tokenizer(ByteString(plain.json), preTokenizer: "llama-bpe")
        #expect(renamed.vocabulary.pre == "llama-bpe")
        #expect(try Fixtures.tokenizer(ByteString(plain.json)).vocabulary.pre == "gpt-2")
        #expect(named.encode("ab ab", parseSpecial: true) == [258, 34, 258])
        #expect(throws: TokenizationError.self) {
            try Fixtures.tokenizer(ByteString(unknown.json), preTokenizer: "none such")
        }
    }

    @Test func byteLevelRefusals() throws {
        let plain = #"{"type": "ByteLevel", "add_prefix_space": false}"#
        #expect(try small(plain).problem() == nil)
        #expect(try small(plain) { $0.merges = #"[["a", "zz"]]"# }.problem() == .merge(index: 0, .missingToken("zz")))
        #expect(try small(plain) { $0.merges = #"[["b", "a"]]"# }.problem() == .merge(index: 0, .missingProduct("ba")))
        #expect(
            try small(plain) {
                $0.vocabulary[40].0 = "xyzzy"
                $0.model["unk_token"] = "\"<unk>\""
            }.problem() == .specialToken(role: "model.unk_token", found: "\"<unk>\""))
        for change: (inout SmallTokenizer) -> Void in [
            { $0.normalizer = #"{"type": "Lowercase"}"# }, { $0.decoder = "null" },
            { $0.decoder = #"{"type": "Metaspace"}"# }, { $0.preTokenizer = #"{"type": "ByteLevel", "novelty": 1}"# },
            { $0.preTokenizer = #"{"type": "Sequence", "pretokenizers": [\#(plain), \#(plain)]}"# },
            { $0.preTokenizer = #"{"type": "Sequence", "pretokenizers": [{"type": "Whitespace"}, \#(plain)]}"# },
            { $0.model["dropout"] = "0.5" }, { $0.model["end_of_word_suffix"] = "\"</w>\"" },
        ] {
            guard case .unsupported = try small(plain, change).problem() else {
                Issue.record("\(String(describing: try small(plain, change).problem()))")
                continue
            }
        }
    }
}
