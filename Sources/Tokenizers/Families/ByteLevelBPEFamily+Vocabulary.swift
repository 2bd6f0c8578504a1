/// The GGUF form: as stock llama.cpp reads a `gpt2` vocabulary.
extension ByteLevelBPEFamily {
    static func parts(of vocabulary: Vocabulary) throws(TokenizationError) -> TokenizerParts {
        guard let pre = PreTokenizers.named(vocabulary.pre) else {
            throw TokenizationError(
                .unsupported(
                    part: "tokenizer.ggml.pre", found: "\"\(vocabulary.pre)\"", supported: PreTokenizers.names))
        }
        guard vocabulary.kinds.count == vocabulary.count else {
            throw TokenizationError(
                .countMismatch(of: "token types", found: vocabulary.kinds.count, tokenCount: vocabulary.count))
        }
        let table = try PieceTable(vocabulary.pieces)
        try vocabulary.specials.check(tokenCount: vocabulary.count)
        let merges = try Merge.list(vocabulary.merges, table)
        let kinds = vocabulary.kindsInLlama

        var decoder = TokenDecoder(repair: .wholeText)
        var matcher = AddedTokenMatcher()
        var specialIDs: Set<TokenID> = []
        for (index, piece) in vocabulary.pieces.enumerated() {
            let id = TokenID(index)
            switch kinds[index] {
            case .normal:
                decoder.append(ByteAlphabet.bytes(of: piece) ?? piece.bytes, isSpecial: false)
            case .control, .unknown:
                decoder.append(piece.bytes, isSpecial: true)
                matcher.insert(piece, id: id)
                specialIDs.insert(id)
            case .userDefined:
                decoder.append(piece.bytes, isSpecial: false)
                matcher.insert(piece, id: id)
            case .byte:
                throw TokenizationError(.byteTokenSpelling(id, piece))
            case .unused, .undefined:
                decoder.append([], isSpecial: false)
            }
        }

        var encoder = ByteLevelBPE(
            splitter: .llama(pre.rules), pairs: PairTable(minimumCapacity: merges.count * 2),
            bytes: byteTokens(of: table), gaps: .divide,
            wholeWords: pre.ignoresMerges ? try WordTable(words(of: vocabulary.pieces)) : nil,
            addedTokens: .longestFirst(matcher), specialIDs: specialIDs, addsSpacePrefix: false,
            composes: false)
        addPairs(merges, table, to: &encoder)
        return TokenizerParts(
            vocabulary: vocabulary, encoder: encoder, decoder: decoder, warnings: warnings(encoder, table))
    }
}
