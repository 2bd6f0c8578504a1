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
        let affixes = try definition.affixes(model.table)
        let encoder = model.encoder(splits: splits)
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
        guard first.hasPattern("String", text: " "), first["content"]?.bytes == SpaceMark.piece else {
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
                let behavior = component["behavior"]?.string
                guard component["invert"]?.bool == false else {
                    throw component.unsupported("an inverted Split", supported: supported)
                }
                if component.hasPattern("Regex", "String", text: SpaceMark.piece), behavior == "MergedWithNext" {
                    splits.insert(.spaces)
                } else if component.hasPattern("Regex", text: "\\n+"), behavior == "Isolated" {
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
        guard components[0].hasPattern("String", text: SpaceMark.piece),
            components[0]["content"]?.bytes == " "
        else { throw components[0].unsupported("another Replace", supported: supported) }
    }
}
