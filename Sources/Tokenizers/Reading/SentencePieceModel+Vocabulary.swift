import Files

/// Tokens that come on top of a `tokenizer.model`.
struct AddedPiece {
    var id: Int
    var content: ByteString
    var isSpecial: Bool
    /// Whether it is looked for in normalized text, and what it asks of the text around it: for a `tokenizer.json`.
    var isNormalized = false
    var surroundings = AddedTokenSurroundings.any

    /// The score that llama.cpp's converter gives them.
    static let score: Float = -1000
    /// The score that llama.cpp's converter gives to rows without tokens.
    static let paddingScore: Float = -10_000
}

extension SentencePieceModel {
    /// The tokenizer as GGUF stores it, as llama.cpp's converter writes it.
    /// - Parameter added: tokens from beside the model; they replace pieces of the same id.
    func vocabulary(adding added: [AddedPiece]) throws(TokenizationError) -> Vocabulary {
        try checkExpressible()
        func role(_ id: Int) -> TokenID? { id >= 0 && id < pieces.count ? TokenID(id) : nil }
        var vocabulary = Vocabulary(
            model: algorithm == .bpe ? "llama" : "t5", pre: "default", pieces: pieces.map(\.text),
            scores: pieces.map(\.score), kinds: pieces.map(\.kind),
            specials: SpecialTokens(bos: role(bos), eos: role(eos), pad: role(pad), unknown: role(unknown)),
            addsBOS: algorithm == .bpe, addsEOS: algorithm == .unigram, addsSpacePrefix: addsSpacePrefix,
            removesExtraSpaces: algorithm == .unigram && removesExtraSpaces,
            characterMap: algorithm == .unigram ? characterMap : [])
        try vocabulary.replace(added)
        return vocabulary
    }

    /// Refuses what a GGUF vocabulary cannot say.
    private func checkExpressible() throws(TokenizationError) {
        func refuse(_ part: String, _ found: String, _ supported: String) -> TokenizationError {
            TokenizationError(.unsupported(part: part, found: found, supported: supported))
        }
        guard algorithm == .bpe || algorithm == .unigram else {
            throw refuse("trainer_spec.model_type", "\(algorithm)", "bpe, unigram")
        }
        if treatsSpaceAsSuffix { throw refuse("trainer_spec.treat_whitespace_as_suffix", "true", "false") }
        if !escapesSpaces { throw refuse("normalizer_spec.escape_whitespaces", "false", "true") }
        if algorithm == .bpe {
            if !characterMap.isEmpty {
                throw refuse("normalizer_spec", "\"\(normalizerName)\" with bpe", "\"identity\"")
            }
            if removesExtraSpaces { throw refuse("normalizer_spec.remove_extra_whitespaces", "true", "false") }
        } else if fallsBackToBytes {
            throw refuse("trainer_spec.byte_fallback", "true with unigram", "false")
        }
    }
}

extension Vocabulary {
    /// Takes scores and kinds, and the order of pieces, from the model that a `tokenizer.json` was made of.
    /// - Throws: `TokenizationError` if the two disagree on a piece.
    mutating func adopt(_ model: SentencePieceModel, adding added: [AddedPiece]) throws(TokenizationError) {
        let known = Set(added.map(\.id))
        for (index, piece) in model.pieces.enumerated() where !known.contains(index) {
            guard index < count, pieces[index] == piece.text else {
                throw TokenizationError(
                    .piecesDisagree(TokenID(index), index < count ? pieces[index] : "", inModel: piece.text))
            }
        }
        for (index, piece) in model.pieces.enumerated() where index < count {
            scores[index] = piece.score
            kinds[index] = piece.kind
        }
        for index in Swift.min(model.pieces.count, count)..<count { scores[index] = AddedPiece.score }
        try replace(added)
    }

    /// Puts added tokens in their places.
    fileprivate mutating func replace(_ added: [AddedPiece]) throws(TokenizationError) {
        for token in added.sorted(by: { $0.id < $1.id }) {
            guard token.id >= 0, token.id <= count else {
                throw token.id > count && token.id < Int(TokenID.max)
                    ? TokenizationError(.missingID(TokenID(count), count: token.id))
                    : TokenizationError(.idOutOfRange(token.content, id: token.id))
            }
            if token.id == count {
                pieces.append("")
                scores.append(0)
                kinds.append(.normal)
            }
            // Stock llama.cpp looks for these tokens in texts whose spaces are not marks yet.
            pieces[token.id] =
                token.isSpecial ? token.content : ByteString(SpaceMark.unescaped(token.content.bytes))
            scores[token.id] = AddedPiece.score
            kinds[token.id] = token.isSpecial ? .control : .userDefined
        }
    }
}
