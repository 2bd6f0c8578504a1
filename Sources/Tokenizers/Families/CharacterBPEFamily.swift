import ByteJSON

/// Tokenizers that merge characters and fall back to bytes: XVERSE's `tokenizer.json`, and GGUF's `llama` vocabularies.
enum CharacterBPEFamily: TokenizerFamily {
    static func claims(_ definition: TokenizerDefinition) -> Bool {
        definition.model.type == "BPE" && definition.model["byte_fallback"]?.bool == true
    }

    static var hasSentencePieceModel: Bool { true }

    static func claims(_ vocabulary: Vocabulary) -> Bool { vocabulary.model == "llama" && vocabulary.pre == "default" }

    static func parts(of definition: TokenizerDefinition) throws(TokenizationError) -> TokenizerParts {
        let spaces = try MarkedSpaces(definition)
        if spaces.splitsAtWhitespace {
            throw definition.preTokenizers[0].unsupported("WhitespaceSplit", supported: "Metaspace first")
        }
        var (splits, ownPieces) = try splits(spaces.otherPreTokenizers)
        if spaces.splits { splits.insert(.spaces) }
        if ownPieces != nil, !splits.isEmpty {
            throw definition.preTokenizers[0].unsupported(
                "a Split of pieces beside other splits", supported: "one of them")
        }
        let leadingSpaces = try definition.checkMarkDecoder()
        let model = try CharacterBPEModel(definition, ownPieces: ownPieces?.pieces ?? [])
        let affixes = try definition.affixes(model.table)
        let encoder = try model.encoder(splits: splits, spaces: spaces, ownPieces: ownPieces)
        let (scores, scoreConflict) = model.scores(of: encoder)
        var conflict = scoreConflict
        var vocabulary = Vocabulary(
            model: "llama", pre: "default", pieces: model.table.pieces, scores: scores, kinds: model.kinds,
            specials: SpecialTokens(bos: affixes.prefix, eos: affixes.suffix, unknown: model.unknown),
            addsBOS: affixes.prefix != nil, addsEOS: affixes.suffix != nil,
            separatesPairs: affixes.separatesPairs, addsSpacePrefix: spaces.prefix != .none)
        if conflict != nil, model.addedCharacter == nil {
            // Merges that were made of a SentencePiece model follow other rules than those of a training.
            var grouped = vocabulary
            grouped.scores = model.scoresOfGroups
            if try ScoreForm.conflict(model.merges, splits: splits, in: grouped, cutsOutPieces: ownPieces != nil) == nil
            {
                vocabulary = grouped
                conflict = nil
            }
        }
        var decoder = TokenDecoder(leadingSpaces: leadingSpaces)
        for (id, piece) in model.table.pieces.enumerated() {
            if model.kinds[id] == .byte {
                decoder.append(byte: model.byteValue[TokenID(id)] ?? 0)
            } else {
                decoder.append(
                    SpaceMark.unescaped(piece.bytes), isSpecial: model.specialIDs.contains(TokenID(id)))
            }
        }
        vocabulary.nameNUL()
        var remarks = spaces.differencesOfScores(ownPieces)
        if let piece = model.unmadePiece(scores) {
            remarks.append(
                "model.ignore_merges: tokenizer.json takes a text that is a piece, such as \"\(piece)\", for that token, "
                    + "though no merge makes it; from a GGUF file stock llama.cpp, and Swage like it, do not")
        }
        return TokenizerParts(
            vocabulary: vocabulary, encoder: encoder, decoder: decoder, remarks: remarks,
            scoreConflict: conflict, merges: model.merges, splits: splits)
    }

    private static func splits(
        _ components: [TokenizerDefinition.Component]
    ) throws(TokenizationError) -> (CharacterBPEModel.Splits, PieceSplit?) {
        let supported =
            "Split before \"\u{2581}\" (MergedWithNext), Split of \"\\n+\" or of literal pieces (Isolated), Digits "
            + "(individual_digits)"
        var splits: CharacterBPEModel.Splits = []
        var ownPieces: PieceSplit?
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
                } else if component.hasPattern("Regex", "String", text: " ") {
                    // All spaces are marks by then.
                    continue
                } else if ownPieces == nil, let pieces = PieceSplit(component) {
                    ownPieces = pieces
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
        return (splits, ownPieces)
    }
}
