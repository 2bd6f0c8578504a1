/// The algorithm from text to tokens.
protocol TokenEncoder: Sendable {
    /// Appends the tokens of `text`, which may be any bytes.
    /// - Parameter parseSpecial: whether the text of a special token becomes that token.
    func encode(_ text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool, into ids: inout [TokenID])

    /// Whether what follows a line break behind a letter changes no token of what comes before it, if no token has a line
    /// break behind a letter.
    var cutsBeforeLineBreaks: Bool { get }
}

/// A tokenizer put together: its GGUF view, and the two directions.
struct TokenizerParts: Sendable {
    var vocabulary: Vocabulary
    var encoder: any TokenEncoder
    var decoder: TokenDecoder
    /// What the user should know, one line each: which of files that contradict each other was followed, and what stock
    /// llama.cpp does otherwise with the vocabulary.
    var remarks: [String] = []
    /// Why stock llama.cpp would make other tokens with the vocabulary, if that is known and too much to be a remark.
    var storedConflict: TokenizationError?
    /// For a `llama` vocabulary: why the scores that the merges give do not stand for them, if they do not.
    var scoreConflict: TokenizationError?
    /// For a `llama` vocabulary: what the scores stand for.
    var merges: [Merge] = []
    var splits: CharacterBPEModel.Splits = []
    /// Whether the scores are those of a `tokenizer.model`, not made of the merges.
    var scoresAreOfModel = false
    /// What is left out of what the tokenizer's files ask for.
    var warnings: [TokenizationWarning] = []
}

/// A kind of tokenizer that can be read. To add one: a type in files of its own, and a line in ``TokenizerFamilies/all``.
protocol TokenizerFamily: SendableMetatype {
    /// Whether a `tokenizer.json` is of this kind; if so, whatever else it holds that the kind does not know is an
    /// error.
    static func claims(_ definition: TokenizerDefinition) -> Bool

    /// Whether a GGUF vocabulary is of this kind.
    static func claims(_ vocabulary: Vocabulary) -> Bool

    static func parts(of definition: TokenizerDefinition) throws(TokenizationError) -> TokenizerParts

    /// Whether a `tokenizer.model` beside the `tokenizer.json` has the scores of the pieces.
    static var hasSentencePieceModel: Bool { get }

    /// Whether `tokenizer.ggml.pre` names the way in which words are split.
    static var hasPreTokenizers: Bool { get }

    static func parts(of vocabulary: Vocabulary) throws(TokenizationError) -> TokenizerParts
}

extension TokenizerFamily {
    static var hasPreTokenizers: Bool { false }
}
