import Files
import Numerics
import TestSupport
import Testing
import Tokenizers

/// The tokens that a text begins with, without a look at all of it: those of the whole text.
@Suite struct BeginningTests {
    private static let parts = [
        "a", "Word", "don't", "'s", "I'LL", " ", "  ", "\t", "\n", "\n\n", "\r\n", " \n", ".", "...", "!?", "$", "<s>",
        "</s>",
        "1", "1234", "\u{4e2d}", "\u{6587}\u{5b57}", "\u{3002}", "\u{ff0c}", "\u{3042}", "\u{ac00}", "\u{e9}",
        "e\u{301}", "\u{301}",
        "\u{3000}", "\u{a0}", "\u{1f600}", "\u{2581}", "/", "x\n", "\u{4e2d}\n", "\u{4e2d}\n ", "x\n\u{301}", "x\n'",
        "x\n/",
    ]

    private static func text(_ seed: UInt64) -> [UInt8] {
        var random = SeededRandom(seed: seed)
        var text = ""
        while text.utf8.count < 30_000 { text += parts[Int.random(in: 0..<parts.count, using: &random)] }
        return Array(text.utf8)
    }

    private static func texts() throws -> [[UInt8]] {
        let folder = Fixtures.path("text/eval")
        let real = try ["web-zh", "fiction-en"].map { try ReadableFile.contents(of: "\(folder)/\($0).txt") }
        return real + (1...6).map(text)
    }

    private func check(_ tokenizer: Tokenizer, isShort: Bool = true, _ context: Comment) throws {
        for text in try Self.texts() {
            for parsesSpecial in [false, true] {
                let whole = tokenizer.encode(text, parseSpecial: parsesSpecial)
                for count in [0, 1, 700, 1500, 2500, 4000, whole.count, .max] {
                    let found = tokenizer.encodeBeginning(of: text, atLeast: count, parseSpecial: parsesSpecial)
                    #expect(found.count >= min(count, whole.count), context)
                    #expect(whole.starts(with: found), context)
                    if count <= 1 { #expect((found.count < whole.count) == isShort, context) }
                }
            }
        }
    }

    /// As checkpoints and as GGUF vocabularies.
    @Test func tokenizersOfModels() throws {
        for name in ["xverse-moe-tiny", "xverse-ent-tiny"] {
            let tokenizer = try Tokenizer(checkpointDirectory: Fixtures.path("models/\(name)"))
            try check(tokenizer, "\(name)")
            try check(Tokenizer(vocabulary: tokenizer.vocabulary), "\(name) as GGUF")
        }
    }

    /// Every way in which words are split.
    @Test(arguments: Tokenizer.preTokenizerNames)
    func waysToSplitWords(name: String) throws {
        var vocabulary = try ByteLevelTests.tokenizer.get().vocabulary
        vocabulary.pre = name
        try check(Tokenizer(vocabulary: vocabulary), "\(name)")
    }

    /// Bytes that are not UTF-8 far behind the beginning.
    @Test func textsThatAreNotUTF8() throws {
        let tokenizer = try ByteLevelTests.tokenizer.get()
        let text = Self.text(7) + [0xff]
        let whole = tokenizer.encode(text, parseSpecial: false)
        #expect(tokenizer.encodeBeginning(of: text, atLeast: 1, parseSpecial: false) == whole)
    }

    /// A token with a line break behind a letter, which could begin before the place of a cut.
    @Test func tokensBeyondLineBreaks() throws {
        var small = SmallTokenizer()
        small.addedTokens.append(SmallTokenizer.added(small.vocabulary.count, "a\\nb"))
        small.vocabulary.append(("a\\nb", "\(small.vocabulary.count)"))
        let tokenizer = try Fixtures.tokenizer(ByteString(small.json))
        try check(tokenizer, isShort: false, "a token beyond a line break")
    }
}
