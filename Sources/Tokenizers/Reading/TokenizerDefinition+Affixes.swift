import ByteJSON
import Files

extension TokenizerDefinition.Component {
    /// Whether the component looks for `text`, given under one of the kinds: `String`, `Regex`.
    func hasPattern(_ kinds: ByteString..., text: ByteString) -> Bool {
        guard let object = self["pattern"]?.object, object.count == 1 else { return false }
        return kinds.contains { object[$0]?.bytes == text }
    }
}

extension TokenizerDefinition.Component {
    /// The token under a key of a post-processor, given as its text and its id.
    fileprivate func token(_ key: ByteString, of pieces: PieceTable) throws(TokenizationError) -> TokenID {
        guard let pair = self[key]?.array, pair.count == 2, let name = pair[0].bytes, let number = pair[1].integer
        else {
            throw TokenizerDefinition.malformed("\(path).\(key)", "a token's text and its id")
        }
        guard let id = pieces.find(name.bytes[...]), Int(id) == number else {
            throw TokenizationError(.specialToken(role: "\(path).\(key)", found: "\"\(name)\" as \(number)"))
        }
        return id
    }
}

extension TokenizerDefinition {
    /// The special tokens that a template puts around texts.
    struct Affixes {
        var prefix: TokenID?
        var suffix: TokenID?
        /// What ``Vocabulary/separatesPairs`` says.
        var separatesPairs: Bool?
    }

    /// The special tokens that a template puts around one text.
    ///
    /// Swage encodes single texts: in a template for pairs of texts it looks only at the tokens between the two.
    /// - Parameter ignored: types of steps that do not change tokens.
    func affixes(
        _ pieces: PieceTable, ignoring ignored: Set<String> = []
    ) throws(TokenizationError) -> Affixes {
        let components = postProcessors.filter { !ignored.contains($0.type) }
        guard let template = components.first else { return Affixes() }
        let supported =
            "TemplateProcessing with at most one special token on each side of the text, RobertaProcessing, BertProcessing"
        if components.count > 1 { throw components[1].unsupported(components[1].type, supported: supported) }
        switch template.type {
        case "TemplateProcessing": break
        case "RobertaProcessing":
            try template.allow(["cls", "sep", "trim_offsets", "add_prefix_space"])
            return Affixes(prefix: try template.token("cls", of: pieces), suffix: try template.token("sep", of: pieces))
        case "BertProcessing":
            try template.allow(["cls", "sep"])
            return Affixes(prefix: try template.token("cls", of: pieces), suffix: try template.token("sep", of: pieces))
        default: throw template.unsupported(template.type, supported: supported)
        }
        try template.allow(["single", "pair", "special_tokens"])
        guard let single = template["single"]?.array else {
            throw TokenizerDefinition.malformed("post_processor.single", "an array")
        }
        let isText = single.map { $0["Sequence"]?["id"]?.string == "A" }
        guard let place = isText.firstIndex(of: true), place <= 1, single.count <= place + 2,
            isText.count(where: { $0 }) == 1
        else { throw template.unsupported("another template", supported: supported) }
        func token(_ item: JSON) throws(TokenizationError) -> TokenID {
            guard let name = item["SpecialToken"]?["id"]?.bytes else {
                throw template.unsupported("another template", supported: supported)
            }
            guard let id = pieces.find(name.bytes[...]) else {
                throw TokenizationError(.specialToken(role: "post_processor", found: "\"\(name)\""))
            }
            let ids = template["special_tokens"]?[name]?["ids"]?.array
            guard ids == nil || ids == [.integer(Int(id))] else {
                throw template.unsupported("\"\(name)\" for other ids", supported: supported)
            }
            return id
        }
        return Affixes(
            prefix: place == 1 ? try token(single[0]) : nil,
            suffix: single.count > place + 1 ? try token(single[place + 1]) : nil,
            separatesPairs: Self.separatesPairs(
                template["pair"]?.array ?? [], prefix: single[..<place].first, suffix: single[(place + 1)...].first))
    }

    private static func separatesPairs(_ pair: [JSON], prefix: JSON?, suffix: JSON?) -> Bool? {
        func name(_ item: JSON?) -> ByteString? { item?["SpecialToken"]?["id"]?.bytes }
        guard let first = pair.firstIndex(where: { $0["Sequence"]?["id"]?.string == "A" }),
            let second = pair.firstIndex(where: { $0["Sequence"]?["id"]?.string == "B" }), first + 1 < second
        else { return nil }
        var between = pair[(first + 1)..<second]
        if let suffix, name(between.first) == name(suffix) { between.removeFirst() }
        if let prefix, name(between.last) == name(prefix) { between.removeLast() }
        return between.isEmpty ? false : nil
    }
}
