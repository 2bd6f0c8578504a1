import ByteJSON
import TensorCore

/// Tokenizers that merge characters and fall back to bytes: XVERSE's `tokenizer.json`, and GGUF's `llama` vocabularies.
enum CharacterBPEFamily: TokenizerFamily {
    static func claims(_ definition: TokenizerDefinition) -> Bool {
        definition.model.type == "BPE" && definition.model["byte_fallback"]?.bool == true
    }

    static func claims(_ vocabulary: Vocabulary) -> Bool { vocabulary.model == "llama" && vocabulary.pre == "default" }

    static func parts(of definition: TokenizerDefinition) throws(TokenizationError) -> TokenizerParts {
        try checkNormalizer(definition.normalizers)
        let splits = try splits(definition.preTokenizers)
        try checkDecoder(definition.decoders)
        let model = try CharacterBPEModel(definition)
        let affixes = try affixes(definition.postProcessors, pieces: model.table)
        let encoder = try model.encoder(splits: splits)
        let (scores, conflict) = model.scores(of: encoder)
        let vocabulary = Vocabulary(
            model: "llama", pre: "default", pieces: model.table.pieces, scores: scores, kinds: model.kinds,
            specials: SpecialTokens(bos: affixes.prefix, eos: affixes.suffix, unknown: model.unknown),
            addsBOS: affixes.prefix != nil, addsEOS: affixes.suffix != nil, addsSpacePrefix: false)
        var decoder = TokenDecoder()
        for (id, piece) in model.table.pieces.enumerated() {
            if model.kinds[id] == .byte {
                decoder.append(byte: model.byteValue[TokenID(id)] ?? 0)
            } else {
                decoder.append(
                    SpaceMark.unescaped(piece.bytes), isSpecial: model.specialIDs.contains(TokenID(id)))
            }
        }
        return TokenizerParts(
            vocabulary: vocabulary, encoder: encoder, decoder: decoder, scoreConflict: conflict)
    }

    private static func checkNormalizer(_ components: [TokenizerDefinition.Component]) throws(TokenizationError) {
        let supported = "Replace of \" \" by \"\u{2581}\""
        guard let first = components.first else {
            throw TokenizationError(.unsupported(part: "normalizer", found: "none", supported: supported))
        }
        guard first.type == "Replace" else { throw first.unsupported(first.type, supported: supported) }
        try first.allow(["pattern", "content"])
        guard isPattern(first["pattern"], "String", text: " "), first["content"]?.bytes == SpaceMark.piece else {
            throw first.unsupported("another Replace", supported: supported)
        }
        if let second = components.dropFirst().first {
            throw second.unsupported(second.type, supported: "no further normalizer")
        }
    }

    private static func splits(
        _ components: [TokenizerDefinition.Component]
    ) throws(TokenizationError) -> CharacterBPEModel.Splits {
        let supported =
            "Split before \"\u{2581}\" (MergedWithNext), Split of \"\\n+\" (Isolated), Digits (individual_digits)"
        var splits: CharacterBPEModel.Splits = []
        for component in components {
            switch component.type {
            case "Split":
                try component.allow(["pattern", "behavior", "invert"])
                let pattern = component["pattern"]
                let behavior = component["behavior"]?.string
                guard component["invert"]?.bool == false else {
                    throw component.unsupported("an inverted Split", supported: supported)
                }
                if isPattern(pattern, "Regex", "String", text: SpaceMark.piece), behavior == "MergedWithNext" {
                    splits.insert(.spaces)
                } else if isPattern(pattern, "Regex", text: "\\n+"), behavior == "Isolated" {
                    splits.insert(.newlines)
                } else {
                    throw component.unsupported("another Split", supported: supported)
                }
            case "Digits":
                try component.allow(["individual_digits"])
                guard component["individual_digits"]?.bool == true else {
                    throw component.unsupported("Digits of whole numbers", supported: supported)
                }
                splits.insert(.digits)
            default:
                throw component.unsupported(component.type, supported: supported)
            }
        }
        return splits
    }

    private static func checkDecoder(_ components: [TokenizerDefinition.Component]) throws(TokenizationError) {
        let supported = "Replace of \"\u{2581}\" by \" \", ByteFallback, Fuse"
        let expected = ["Replace", "ByteFallback", "Fuse"]
        for (index, component) in components.enumerated() {
            guard index < expected.count, component.type == expected[index] else {
                throw component.unsupported(component.type, supported: supported)
            }
            try component.allow(index == 0 ? ["pattern", "content"] : [])
        }
        guard components.count == expected.count else {
            throw TokenizationError(
                .unsupported(part: "decoder", found: "\(components.count) steps", supported: supported))
        }
        guard isPattern(components[0]["pattern"], "String", text: SpaceMark.piece),
            components[0]["content"]?.bytes == " "
        else { throw components[0].unsupported("another Replace", supported: supported) }
    }

    private static func isPattern(_ json: JSON?, _ kinds: ByteString..., text: ByteString) -> Bool {
        guard let object = json?.object, object.count == 1 else { return false }
        return kinds.contains { object[$0]?.bytes == text }
    }

    /// The special tokens that a template puts around one text.
    ///
    /// Templates for pairs of texts are not looked at: Swage encodes single ones.
    private static func affixes(
        _ components: [TokenizerDefinition.Component], pieces: PieceTable
    ) throws(TokenizationError) -> (prefix: TokenID?, suffix: TokenID?) {
        guard let template = components.first else { return (nil, nil) }
        let supported = "TemplateProcessing with at most one special token on each side of the text"
        guard template.type == "TemplateProcessing" else {
            throw template.unsupported(template.type, supported: supported)
        }
        if components.count > 1 { throw components[1].unsupported(components[1].type, supported: supported) }
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
        return (
            place == 1 ? try token(single[0]) : nil,
            single.count > place + 1 ? try token(single[place + 1]) : nil
        )
    }
}
