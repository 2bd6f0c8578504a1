/// The kinds of tokenizers that can be read.
enum TokenizerFamilies {
    /// The kinds in the order in which they are asked; a new one is a line here.
    static let all: [any TokenizerFamily.Type] = [CharacterBPEFamily.self, ByteLevelBPEFamily.self, UnigramFamily.self]

    static func family(of definition: TokenizerDefinition) throws(TokenizationError) -> any TokenizerFamily.Type {
        for family in all where family.claims(definition) { return family }
        throw TokenizationError(
            .unsupported(
                part: "model", found: definition.modelSummary,
                supported: "BPE over characters with byte_fallback, BPE over bytes (ByteLevel), Unigram"))
    }

    static func family(of vocabulary: Vocabulary) throws(TokenizationError) -> any TokenizerFamily.Type {
        for family in all where family.claims(vocabulary) { return family }
        throw TokenizationError(
            .unsupported(
                part: "tokenizer.ggml.model", found: "\"\(vocabulary.model)\" with pre \"\(vocabulary.pre)\"",
                supported: "\"llama\" with pre \"default\"; \"gpt2\" with one of \(PreTokenizers.names); \"t5\""))
    }
}
