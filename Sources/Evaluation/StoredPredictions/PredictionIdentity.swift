import FoundationEssentials

/// What stored predictions or scores are of: two runs with the same identity compute the same.
public struct PredictionIdentity: Codable, Sendable, Hashable {
    public struct Model: Codable, Sendable, Hashable {
        public var name: String
        /// A digest of the weights, or of stored predictions.
        public var fingerprint: String

        public init(name: String, fingerprint: String) {
            self.name = name
            self.fingerprint = fingerprint
        }
    }

    public struct Text: Codable, Sendable, Hashable {
        public var name: String
        public var sha256: String
        public var tokens: Int
        public var bytes: Int
        public var characters: Int

        public init(name: String, sha256: String, tokens: Int, bytes: Int, characters: Int) {
            self.name = name
            self.sha256 = sha256
            self.tokens = tokens
            self.bytes = bytes
            self.characters = characters
        }
    }

    /// The format and its version.
    public var format: String
    public var models: [Model]
    /// The predictions that the models are compared with, if it is not the first of them.
    public var reference: Model?
    /// A digest of the vocabulary.
    public var tokenizer: String
    public var vocabularySize: Int
    public var context: Int
    public var stride: Int?
    public var parsesSpecial: Bool
    public var texts: [Text]

    public init(
        format: String, models: [Model], reference: Model?, tokenizer: String, vocabularySize: Int, cut: WindowCut,
        texts: [Text]
    ) {
        self.format = format
        self.models = models
        self.reference = reference
        self.tokenizer = tokenizer
        self.vocabularySize = vocabularySize
        context = cut.context
        stride = cut.stride
        parsesSpecial = cut.parsesSpecial
        self.texts = texts
    }

    /// One line of JSON.
    var encoded: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(self) else { preconditionFailure("it has only plain values") }
        return Array(data)
    }

    init?(encoded: some Sequence<UInt8>) {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(encoded)) else { return nil }
        self = value
    }

    /// What differs first from another identity, in words; nil if nothing does.
    func difference(from other: PredictionIdentity) -> String? {
        if format != other.format { return "the format \(format), not \(other.format)" }
        if tokenizer != other.tokenizer || vocabularySize != other.vocabularySize { return "another tokenizer" }
        if context != other.context { return "a context of \(context), not \(other.context)" }
        if stride != other.stride || parsesSpecial != other.parsesSpecial { return "texts that are cut in another way" }
        if models != other.models { return "other models" }
        if reference != other.reference { return "another reference" }
        if texts.map(\.name) != other.texts.map(\.name) { return "texts of other names" }
        for (text, second) in zip(texts, other.texts) where text != second { return "another text \(text.name)" }
        return nil
    }
}
