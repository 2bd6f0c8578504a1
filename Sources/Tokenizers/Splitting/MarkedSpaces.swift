import ByteJSON
import Files

/// How a `tokenizer.json` turns spaces into U+2581, and where it puts one more.
struct MarkedSpaces {
    /// Where a Metaspace puts a space.
    enum PrependScheme: String {
        case never, first, always
    }

    /// Whether the marks are there before added tokens are looked for a second time.
    let normalizes: Bool
    /// What happens to spaces before.
    let preparation: TextPreparation
    /// Whether texts are cut at white space first, which is left out.
    let splitsAtWhitespace: Bool
    let prefix: CharacterBPE.SpacePrefix
    /// Whether texts are cut before every mark.
    let splits: Bool
    /// The pre-tokenizers that have nothing to do with it.
    let otherPreTokenizers: [TokenizerDefinition.Component]

    private static let supported =
        "Replace of \" \" by \"\u{2581}\" after Prepend of \"\u{2581}\" or nothing; or Metaspace as the first "
        + "pre-tokenizer, after that Replace or nothing, \"\\A\u{2581}\" replaced by two marks if it is always; before "
        + "them \"\\A +| +\\z\" replaced by nothing and \" {2,}\" by one space"

    init(_ definition: TokenizerDefinition) throws(TokenizationError) {
        var normalizers = definition.normalizers[...]
        var preparation = TextPreparation()
        while let step = try normalizers.first.flatMap(TextPreparation.step) {
            preparation.steps.append(step)
            normalizers = normalizers.dropFirst()
        }
        self.preparation = preparation
        let prepend = normalizers.first.flatMap { $0.type == "Prepend" ? $0 : nil }
        if let prepend {
            try prepend.allow(["prepend"])
            guard prepend["prepend"]?.bytes == SpaceMark.piece else {
                throw prepend.unsupported("another Prepend", supported: Self.supported)
            }
            normalizers = normalizers.dropFirst()
        }
        var preTokenizers = definition.preTokenizers[...]
        let whitespace = preTokenizers.first.flatMap { $0.type == "WhitespaceSplit" ? $0 : nil }
        if let whitespace {
            try whitespace.allow([])
            preTokenizers = preTokenizers.dropFirst()
        }
        splitsAtWhitespace = whitespace != nil
        let metaspace = preTokenizers.first.flatMap { $0.type == "Metaspace" ? $0 : nil }
        if let replace = normalizers.first {
            try replace.checkReplace(" ", by: SpaceMark.bytes, supported: Self.supported)
        } else if metaspace == nil || prepend != nil {
            throw TokenizationError(.unsupported(part: "normalizer", found: "none", supported: Self.supported))
        }
        normalizes = !normalizers.isEmpty
        let doubling = normalizers.dropFirst().first
        if let doubling {
            guard metaspace != nil else {
                throw doubling.unsupported(doubling.type, supported: "no further normalizer")
            }
            try doubling.checkReplace(
                isRegex: true, "\\A\u{2581}", by: SpaceMark.bytes + SpaceMark.bytes, supported: Self.supported)
        }
        if let next = normalizers.dropFirst(2).first {
            throw next.unsupported(next.type, supported: "no further normalizer")
        }
        guard let metaspace else {
            prefix = prepend == nil ? .none : .everyTextBeforeNormalizedTokens
            if let whitespace {
                throw whitespace.unsupported("WhitespaceSplit", supported: "WhitespaceSplit before Metaspace")
            }
            splits = false
            otherPreTokenizers = definition.preTokenizers
            return
        }
        if let prepend { throw prepend.unsupported("Prepend before Metaspace", supported: Self.supported) }
        let scheme = try metaspace.prependScheme()
        if let whitespace, scheme != .always || normalizes {
            throw whitespace.unsupported(
                "WhitespaceSplit before Metaspace \(scheme)", supported: "before Metaspace always, without marks yet")
        }
        switch (scheme, doubling) {
        case (.never, nil): prefix = .none
        case (.first, nil): prefix = .firstUnlessSpace
        case (.always, nil): prefix = .unlessSpace
        case (.always, _?): prefix = .everyTextBesideRawTokens
        case (let scheme, let doubling?):
            throw doubling.unsupported("two marks before Metaspace \(scheme)", supported: Self.supported)
        }
        splits = metaspace["split"]?.bool ?? true
        otherPreTokenizers = Array(preTokenizers.dropFirst())
    }

    /// What stock llama.cpp, which knows one way to put spaces, does otherwise; nil if nothing.
    var prefixDifference: String? {
        let places: (String, llama: String, changed: String)
        switch prefix {
        case .none, .everyText, .everyTextBeforeNormalizedTokens, .everyTextBesideRawTokens: return nil
        case .unlessSpace:
            places = (
                "before a text, and after a special token, unless a space is there", "there in any case",
                "what begins with a space"
            )
        case .firstUnlessSpace:
            places = (
                "before a text that does not begin with one, and nowhere else",
                "before every text and after every special token",
                "texts that begin with a space, and what follows a special token,"
            )
        }
        return "pre_tokenizer: tokenizer.json puts a space \(places.0); from a GGUF file stock llama.cpp, and Swage "
            + "like it, put one \(places.llama): \(places.changed) will be other tokens"
    }
}

extension TokenizerDefinition.Component {
    /// Where a Metaspace puts a space. Where `add_prefix_space` is false, the files of tokenizers 0.14 and 0.15 hold
    /// any `prepend_scheme` beside it, which does not count.
    func prependScheme() throws(TokenizationError) -> MarkedSpaces.PrependScheme {
        try allow(["replacement", "prepend_scheme", "add_prefix_space", "split", "str_rep"])
        guard self["replacement"]?.bytes == SpaceMark.piece else {
            throw unsupported("another replacement", supported: "\"\u{2581}\"")
        }
        if let adds = self["add_prefix_space"] {
            guard let adds = adds.bool else {
                throw TokenizerDefinition.malformed("\(path).add_prefix_space", "true or false")
            }
            if !adds { return .never }
        }
        guard let name = self["prepend_scheme"] else { return .always }
        guard let scheme = name.string.flatMap(MarkedSpaces.PrependScheme.init) else {
            throw unsupported("prepend_scheme \(name.string ?? "")", supported: "never, first, always")
        }
        return scheme
    }

    /// Makes sure that it is a Replace of this text, or of what this expression finds.
    func checkReplace(
        isRegex: Bool = false, _ text: ByteString, by content: [UInt8], supported: String
    ) throws(TokenizationError) {
        guard type == "Replace" else { throw unsupported(type, supported: supported) }
        try allow(["pattern", "content"])
        guard hasPattern(isRegex ? "Regex" : "String", text: text), self["content"]?.bytes == ByteString(content) else {
            throw unsupported("another Replace", supported: supported)
        }
    }
}
