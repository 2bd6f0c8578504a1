import ByteJSON
import Files

/// Tokenizers that look for the most likely pieces: `tokenizer.json` with Unigram, and GGUF's `t5` vocabularies.
enum UnigramFamily: TokenizerFamily {
    /// How much less likely than the least likely piece an unknown character is.
    private static let unknownPenalty = 10.0

    static var hasSentencePieceModel: Bool { true }

    static func claims(_ definition: TokenizerDefinition) -> Bool { definition.model.type == "Unigram" }

    static func claims(_ vocabulary: Vocabulary) -> Bool { vocabulary.model == "t5" }

    static func parts(of definition: TokenizerDefinition) throws(TokenizationError) -> TokenizerParts {
        let model = definition.model
        try model.allow(["unk_id", "vocab", "byte_fallback"])
        let spaces = try MarkedSpaces(definition)
        var others = spaces.otherPreTokenizers[...]
        let ownPieces = spaces.splits ? nil : others.first.flatMap(PieceSplit.init)
        if ownPieces != nil { others = others.dropFirst() }
        if let component = others.first {
            throw component.unsupported(component.type, supported: "Metaspace, Split of literal pieces (Isolated)")
        }
        if spaces.prefix == .everyTextBeforeNormalizedTokens || spaces.prefix == .everyTextBesideRawTokens
            || !spaces.preparation.isEmpty || spaces.splitsAtWhitespace,
            let token = definition.addedTokens.first(where: \.isNormalized)
        {
            throw TokenizationError(
                .unsupported(
                    part: "added token \"\(token.content)\"", found: "normalized where spaces are put or left out",
                    supported: "false"))
        }
        let fallsBack = model["byte_fallback"]?.bool ?? false
        let leadingSpaces = try leadingSpaces(definition, fallsBack: fallsBack)
        let (entries, entryScores) = try entries(model["vocab"])
        let (table, addedOnly) = try definition.pieces(entries)
        var scores = entryScores + [Double](repeating: 0, count: table.pieces.count - entries.count)
        guard let unknown = model["unk_id"]?.integer, unknown >= 0, unknown < entries.count else {
            throw TokenizationError(.malformed(key: "model.unk_id", expected: "the id of a piece"))
        }
        let bytes = fallsBack ? try CharacterBPE.byteTokens(of: table) : []
        var (kinds, specialIDs) = definition.addedKinds()
        for id in bytes { kinds[id] = .byte }
        kinds[TokenID(unknown)] = .unknown
        for id in addedOnly { scores[Int(id)] = Double(AddedPiece.score) }

        let pieces = entries.indices.map { (piece: entries[$0].piece, id: TokenID($0)) }
        let encoder = Unigram(
            normalizer: UnigramNormalizer(
                kind: spaces.splitsAtWhitespace ? .words : .marks(spaces.prefix, spaces.preparation)),
            trie: try UnigramTrie(pieces), scores: scores,
            unknown: TokenID(unknown), unknownPiece: entries[unknown].piece,
            unknownScore: (entryScores.min() ?? 0) - unknownPenalty, splitsWords: spaces.splits,
            marksBeginPieces: marksBegin(pieces.map(\.piece)), bytes: bytes,
            addedTokens: .leftmostLongest(definition.addedTokens, spaceIsMark: spaces.normalizes),
            specialIDs: specialIDs, ownPieces: ownPieces)

        let affixes = try definition.affixes(table)
        let vocabulary = Vocabulary(
            model: "t5", pre: "default", pieces: table.pieces, scores: scores.map { Float($0) },
            kinds: table.pieces.indices.map { kinds[TokenID($0)] ?? .normal },
            specials: SpecialTokens(bos: affixes.prefix, eos: affixes.suffix, unknown: TokenID(unknown)),
            addsBOS: affixes.prefix != nil, addsEOS: affixes.suffix != nil,
            separatesPairs: affixes.separatesPairs, addsSpacePrefix: spaces.prefix != .none,
            removesExtraSpaces: spaces.removesExtraSpaces)
        var decoder = TokenDecoder(leadingSpaces: leadingSpaces)
        let byteValue = Dictionary(zip(bytes, UInt8.min...UInt8.max)) { first, _ in first }
        for (index, piece) in table.pieces.enumerated() {
            if let byte = byteValue[TokenID(index)] {
                decoder.append(byte: byte)
            } else {
                decoder.append(SpaceMark.unescaped(piece.bytes), isSpecial: specialIDs.contains(TokenID(index)))
            }
        }
        let joinsWords = !pieces.contains { $0.piece == SpaceMark.piece } || pieces.contains { spansWords($0.piece) }
        return TokenizerParts(
            vocabulary: vocabulary, encoder: encoder, decoder: decoder,
            remarks: spaces.differencesOfUnigram(ownPieces, joinsWords: joinsWords),
            storedConflict: fallsBack
                ? TokenizationError(
                    .unsupported(part: "model.byte_fallback", found: "true with Unigram in GGUF", supported: "false"))
                : nil)
    }

    /// Whether a mark is anywhere but at the beginning.
    private static func spansWords(_ piece: ByteString) -> Bool {
        UTF8Sequence.characters(of: piece.bytes).dropFirst().contains { $0.scalar == SpaceMark.scalar }
    }

    private static func entries(
        _ json: JSON?
    ) throws(TokenizationError) -> (pieces: [(piece: ByteString, id: Int)], scores: [Double]) {
        guard let list = json?.array else { throw TokenizerDefinition.malformed("model.vocab", "an array") }
        var pieces: [(piece: ByteString, id: Int)] = []
        var scores: [Double] = []
        for (index, item) in list.enumerated() {
            guard let pair = item.array, pair.count == 2, let piece = pair[0].bytes, let score = pair[1].double else {
                throw TokenizerDefinition.malformed("model.vocab[\(index)]", "a piece and its score")
            }
            pieces.append((piece, index))
            scores.append(score)
        }
        return (pieces, scores)
    }

    private static func leadingSpaces(
        _ definition: TokenizerDefinition, fallsBack: Bool
    ) throws(TokenizationError) -> TokenDecoder.LeadingSpaces {
        guard definition.decoders.count == 1, let decoder = definition.decoders.first, decoder.type == "Metaspace"
        else { return try definition.checkMarkDecoder(fallsBack: fallsBack) }
        return try decoder.prependScheme() == .never ? .keeps : .dropsThoseOfFirstToken
    }

    /// Whether marks are only at the beginnings of pieces.
    private static func marksBegin(_ pieces: [ByteString]) -> Bool {
        pieces.allSatisfy { piece in
            let scalars = UTF8Sequence.characters(of: piece.bytes).map(\.scalar)
            return zip(scalars, scalars.dropFirst()).allSatisfy { $1 != SpaceMark.scalar || $0 == SpaceMark.scalar }
        }
    }

    /// The GGUF form: as stock llama.cpp reads a `t5` vocabulary.
    static func parts(of vocabulary: Vocabulary) throws(TokenizationError) -> TokenizerParts {
        let table = try vocabulary.checkedTable()
        guard let unknown = vocabulary.specials.unknown else {
            throw TokenizationError(.specialToken(role: "the unknown token", found: "none"))
        }
        let kinds = vocabulary.kindsInLlama
        var decoder = TokenDecoder(leadingSpaces: vocabulary.addsSpacePrefix ? .dropsOne : .keeps)
        var matcher = AddedTokenMatcher()
        var specialIDs: Set<TokenID> = []
        var pieces: [(piece: ByteString, id: TokenID)] = []
        var scores = vocabulary.scores.map { Double($0) }
        var least = Float.greatestFiniteMagnitude
        for (index, piece) in vocabulary.pieces.enumerated() {
            let id = TokenID(index)
            switch kinds[index] {
            case .normal:
                decoder.append(SpaceMark.unescaped(piece.bytes), isSpecial: false)
                pieces.append((piece, id))
                least = Swift.min(least, vocabulary.scores[index])
            case .byte:
                guard let byte = CharacterBPE.byte(named: piece) else {
                    throw TokenizationError(.byteTokenSpelling(id, piece))
                }
                decoder.append(byte: byte)
            case .control, .unknown:
                decoder.append(piece.bytes, isSpecial: true)
                matcher.insert(piece, id: id)
                specialIDs.insert(id)
            case .userDefined:
                decoder.append(piece.bytes, isSpecial: false)
                matcher.insert(piece, id: id)
                pieces.append((piece, id))
                scores[index] = 0
            case .unused:
                decoder.append([], isSpecial: false)
                pieces.append((piece, id))
            case .undefined:
                decoder.append([], isSpecial: false)
            }
        }
        let encoder = Unigram(
            normalizer: UnigramNormalizer(
                kind: .sentencePiece(
                    addsSpacePrefix: vocabulary.addsSpacePrefix, removesExtraSpaces: vocabulary.removesExtraSpaces,
                    vocabulary.characterMap.isEmpty ? nil : try CharacterMap(vocabulary.characterMap))),
            trie: try UnigramTrie(pieces), scores: scores, unknown: unknown,
            unknownPiece: table.pieces[Int(unknown)], unknownScore: Double(least - Float(unknownPenalty)),
            splitsWords: false, marksBeginPieces: marksBegin(pieces.map(\.piece)), bytes: [],
            addedTokens: .longestFirst(matcher), specialIDs: specialIDs)
        return TokenizerParts(vocabulary: vocabulary, encoder: encoder, decoder: decoder)
    }
}
