import ByteJSON
import Files

extension TokenizerDefinition {
    /// Refuses settings of a BPE model that would change tokens in ways that no encoder here follows.
    ///
    /// What becomes of unknown characters is left to the families.
    func checkBPESettings() throws(TokenizationError) {
        try model.allow([
            "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
            "ignore_merges", "vocab", "merges",
        ])
        if let dropout = model["dropout"], dropout.double != 0 {
            throw model.unsupported("dropout", supported: "none")
        }
        for key: ByteString in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = model[key], affix.bytes != "" { throw model.unsupported("\(key)", supported: "none") }
        }
        for key: ByteString in ["fuse_unk", "byte_fallback", "ignore_merges"] {
            if let value = model[key], value.bool == nil { throw Self.malformed("model.\(key)", "true or false") }
        }
    }

    /// What the tokens are for, as far as the added ones tell.
    /// - Returns: the kinds by id, and the tokens that HuggingFace calls special.
    func addedKinds() -> (kinds: [TokenID: TokenKind], specialIDs: Set<TokenID>) {
        var kinds: [TokenID: TokenKind] = [:]
        var specialIDs: Set<TokenID> = []
        for token in addedTokens {
            kinds[TokenID(token.id)] = token.isSpecial ? .control : .userDefined
            if token.isSpecial { specialIDs.insert(TokenID(token.id)) }
        }
        return (kinds, specialIDs)
    }

    /// The pieces of a BPE model in the order of their ids, and which of them are added tokens alone.
    func pieces(_ vocabulary: JSONObject) throws(TokenizationError) -> (PieceTable, addedOnly: Set<TokenID>) {
        var entries: [(piece: ByteString, id: Int)] = []
        for (piece, value) in vocabulary.members {
            guard let id = value.integer else {
                throw Self.malformed("model.vocab[\"\(piece)\"]", "an integer")
            }
            entries.append((piece, id))
        }
        return try pieces(entries)
    }

    /// The pieces in the order of their ids, and which of them are added tokens alone.
    func pieces(
        _ vocabulary: [(piece: ByteString, id: Int)]
    ) throws(TokenizationError) -> (PieceTable, addedOnly: Set<TokenID>) {
        var entries = vocabulary
        let ids = Dictionary(vocabulary.map { ($0.piece, $0.id) }) { first, _ in first }
        var addedOnly: Set<TokenID> = []
        var seen: Set<ByteString> = []
        for token in addedTokens {
            guard seen.insert(token.content).inserted else {
                throw TokenizationError(.addedToken(token.content, id: token.id, .listedTwice))
            }
            if let id = ids[token.content] {
                guard id == token.id else {
                    throw TokenizationError(
                        .addedToken(
                            token.content, id: token.id, .pieceHasAnotherID(TokenID(exactly: id) ?? -1)))
                }
            } else {
                entries.append((token.content, token.id))
                if let id = TokenID(exactly: token.id) { addedOnly.insert(id) }
            }
        }
        guard entries.count <= Int(TokenID.max) else { throw TokenizationError(.tooManyTokens(count: entries.count)) }
        var pieces = [ByteString?](repeating: nil, count: entries.count)
        for (index, entry) in entries.enumerated() {
            guard entry.id >= 0, let id = TokenID(exactly: entry.id) else {
                throw TokenizationError(.idOutOfRange(entry.piece, id: entry.id))
            }
            // An id past the end means that a lower one is missing.
            guard entry.id < pieces.count else { continue }
            if let first = pieces[entry.id] {
                throw TokenizationError(
                    index < vocabulary.count
                        ? .duplicateID(id, first: first, second: entry.piece)
                        : .addedToken(entry.piece, id: entry.id, .idHoldsAnotherPiece(first)))
            }
            pieces[entry.id] = entry.piece
        }
        if let hole = pieces.firstIndex(of: nil) {
            throw TokenizationError(.missingID(TokenID(hole), count: pieces.count))
        }
        return (try PieceTable(pieces.compactMap { $0 }), addedOnly)
    }
}
