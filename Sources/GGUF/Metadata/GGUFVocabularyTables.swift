import Files

/// What the keys of a vocabulary must hold; readers take the arrays as they are, by index.
enum GGUFVocabularyTables {
    static let tokensKey: ByteString = "tokenizer.ggml.tokens"

    static let arrayTypes: [ByteString: [String]] = [
        tokensKey: ["[string]"],
        "tokenizer.ggml.merges": ["[string]"],
        "tokenizer.ggml.scores": ["[float32]"],
        "tokenizer.ggml.token_type": ["[int32]", "[uint32]"],
    ]

    /// Arrays whose strings are pieces of text, cut anywhere.
    static let keysOfPieces: Set<ByteString> = [tokensKey, "tokenizer.ggml.merges"]

    /// Arrays with one element for every token.
    static let keysPerToken: [ByteString] = ["tokenizer.ggml.scores", "tokenizer.ggml.token_type"]
}
