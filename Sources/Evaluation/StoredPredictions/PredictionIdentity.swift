import FoundationEssentials
import Manifests
import Runtime

/// The identity of a run whose predictions or scores are stored: two runs with the same identity compute the same.
public struct PredictionIdentity: Codable, Sendable, Hashable {
    /// What identifies a model, or stored predictions of one.
    public struct Model: Codable, Sendable, Hashable {
        /// The name of the model in reports.
        public var name: String
        /// A digest of the weights, or of the stored predictions.
        public var fingerprint: String

        /// A model with this name and digest.
        public init(name: String, fingerprint: String) {
            self.name = name
            self.fingerprint = fingerprint
        }
    }

    /// What identifies a text, and its size.
    public struct Text: Codable, Sendable, Hashable {
        /// The name of the text in reports.
        public var name: String
        /// SHA-256 of the text's bytes, in hexadecimal.
        public var sha256: String
        /// The number of tokens, BOS included.
        public var tokens: Int
        /// The size in bytes of UTF-8.
        public var bytes: Int
        /// The size in Unicode scalars.
        public var characters: Int

        /// A text with this name, digest and size.
        public init(name: String, sha256: String, tokens: Int, bytes: Int, characters: Int) {
            self.name = name
            self.sha256 = sha256
            self.tokens = tokens
            self.bytes = bytes
            self.characters = characters
        }
    }

    /// The format of the file and its version.
    public var format: String
    /// The models that the run evaluates, in its order.
    public var models: [Model]
    /// The predictions that the models are compared with, if it is not the first of them.
    public var reference: Model?
    /// A digest of the vocabulary.
    public var tokenizer: String
    /// The number of logits of each prediction.
    public var vocabularySize: Int
    /// The number of tokens of a window.
    public var context: Int
    /// The number of tokens between the beginnings of windows; nil for windows that do not overlap.
    public var stride: Int?
    /// Whether the texts of special tokens are read as these tokens.
    public var parsesSpecial: Bool
    /// How activations are multiplied with weights; nil for the reference.
    public var precision: String?
    /// The texts that the run evaluates, in its order.
    public var texts: [Text]
    /// The version of Swage that computes it; nil in files of versions that did not say so.
    public var version: String?

    /// The identity of a run from its parts; of `cut`, which windows are taken is no part of it.
    public init(
        format: String, models: [Model], reference: Model?, tokenizer: String, vocabularySize: Int, cut: WindowCut,
        precision: Precision = .reference, texts: [Text], version: String? = nil
    ) {
        self.format = format
        self.models = models
        self.reference = reference
        self.tokenizer = tokenizer
        self.vocabularySize = vocabularySize
        context = cut.context
        stride = cut.stride
        parsesSpecial = cut.parsesSpecial
        self.precision = precision == .reference ? nil : precision.rawValue
        self.texts = texts
        self.version = version
    }

    /// What the identity says of the making of the scores or predictions; nil if it does not say by which version.
    public var manifest: Manifest? {
        version.map { version in
            var cut = WindowCut(context: context, stride: stride)
            cut.parsesSpecial = parsesSpecial
            return Manifest(
                version: version,
                inputs: models.map { InputRecord("model", digest: $0.fingerprint, name: $0.name) }
                    + [reference].compactMap { $0 }.map {
                        InputRecord("predictions", digest: $0.fingerprint, name: $0.name)
                    }
                    + texts.filter { !$0.sha256.isEmpty }.map {
                        InputRecord("text", digest: $0.sha256, name: $0.name)
                    },
                options: cut.options)
        }
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

    /// What no run can have, in words; nil if all numbers are possible.
    var impossibility: String? {
        let counts = 1...1 << 24
        guard counts.contains(vocabularySize) else { return "a vocabulary of \(vocabularySize) tokens is impossible" }
        guard counts.contains(context), context >= (stride == nil ? 4 : 2) else {
            return "windows of \(context) tokens are impossible"
        }
        if let stride, !(1...context).contains(stride) {
            return "windows that begin every \(stride) tokens are impossible"
        }
        if texts.isEmpty { return "a run without a text is impossible" }
        for text in texts where text.tokens < 1 || text.bytes < 0 || !(0...text.bytes).contains(text.characters) {
            return
                "a text of \(text.tokens) tokens, \(text.bytes) bytes and \(text.characters) characters is impossible"
        }
        return nil
    }

    /// What differs first from another identity, in words; nil if nothing does.
    func difference(from other: PredictionIdentity) -> String? {
        if format != other.format { return "the format \(format), not \(other.format)" }
        if tokenizer != other.tokenizer || vocabularySize != other.vocabularySize { return "another tokenizer" }
        if context != other.context { return "a context of \(context), not \(other.context)" }
        if stride != other.stride || parsesSpecial != other.parsesSpecial { return "texts that are cut in another way" }
        if precision != other.precision { return "another precision of products" }
        // The same model may have another name elsewhere.
        if models.map(\.fingerprint) != other.models.map(\.fingerprint) { return "other models" }
        // Older files name the reference's folders too.
        if reference?.fingerprint != other.reference?.fingerprint { return "another reference" }
        if let version, let second = other.version, version != second { return "another version of Swage" }
        if texts.map(\.name) != other.texts.map(\.name) { return "texts of other names" }
        for (text, second) in zip(texts, other.texts) where text != second { return "another text \(text.name)" }
        return nil
    }
}
