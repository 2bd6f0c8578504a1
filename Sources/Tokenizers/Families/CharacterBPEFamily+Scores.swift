/// The GGUF form: as stock llama.cpp reads a `llama` vocabulary.
extension CharacterBPEFamily {
    static func parts(of vocabulary: Vocabulary) throws(TokenizationError) -> TokenizerParts {
        let table = try vocabulary.checkedTable()
        let bytes = try CharacterBPE.byteTokens(of: table)
        let byteValue = Dictionary(uniqueKeysWithValues: zip(bytes, UInt8.min...UInt8.max))
        let kinds = vocabulary.kindsInLlama

        var decoder = TokenDecoder(leadingSpaces: vocabulary.addsSpacePrefix ? .dropsOne : .keeps)
        var matcher = AddedTokenMatcher()
        var specialIDs: Set<TokenID> = []
        for (index, piece) in vocabulary.pieces.enumerated() {
            let id = TokenID(index)
            switch kinds[index] {
            case .normal:
                decoder.append(SpaceMark.unescaped(piece.bytes), isSpecial: false)
            case .byte:
                guard let byte = byteValue[id] ?? (piece == Vocabulary.nameOfNUL ? 0 : nil) else {
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
            case .unused, .undefined:
                decoder.append([], isSpecial: false)
            }
        }

        var encoder = CharacterBPE(
            characters: CharacterTable(), pairs: PairTable(minimumCapacity: vocabulary.count * 2), bytes: bytes,
            tokenCount: vocabulary.count, addedTokens: .longestFirst(matcher), specialIDs: specialIDs,
            spacePrefix: vocabulary.addsSpacePrefix ? .everyText : .none)
        try addPairs(of: vocabulary, table, to: &encoder)
        return TokenizerParts(vocabulary: vocabulary, encoder: encoder, decoder: decoder)
    }

    /// Makes a merge of every way to cut a piece into two that are pieces or single characters.
    private static func addPairs(
        of vocabulary: Vocabulary, _ table: PieceTable, to encoder: inout CharacterBPE
    ) throws(TokenizationError) {
        let ranks = ranks(of: vocabulary.scores)
        var symbolCount = vocabulary.count
        let scalarsOfPieces = vocabulary.pieces.map { UTF8Sequence.characters(of: $0.bytes) }
        for (index, scalars) in scalarsOfPieces.enumerated() where scalars.count == 1 {
            encoder.characters[scalars[0].scalar] = TokenID(index)
        }
        encoder.characters[0x20] = encoder.characters[SpaceMark.scalar]
        for (index, piece) in vocabulary.pieces.enumerated() {
            let scalars = scalarsOfPieces[index]
            // Texts have no spaces when they are merged, so pieces with one are never made.
            guard scalars.count > 1, !piece.bytes.contains(0x20) else { continue }
            var symbols: [Int32] = []
            for (range, scalar) in scalars {
                if encoder.characters[scalar] < 0 {
                    guard symbolCount < Int(Int32.max) else {
                        throw TokenizationError(.tooManyTokens(count: symbolCount))
                    }
                    encoder.characters[scalar] = Int32(symbolCount)
                    encoder.tokenlessCharacters.append(Array(piece.bytes[range]))
                    symbolCount += 1
                }
                symbols.append(encoder.characters[scalar])
            }
            for (left, right) in zip(symbols, symbols.dropFirst()) { encoder.pairs.insertNeighbours(left, right) }
            let hashes = PieceTable.PrefixHashes(piece.bytes)
            for cut in 1..<scalars.count {
                let place = scalars[cut].range.lowerBound
                let left = cut == 1 ? symbols[0] : table.find(0..<place, of: piece.bytes, hashes)
                let right =
                    cut == scalars.count - 1 ? symbols[cut] : table.find(place..<piece.count, of: piece.bytes, hashes)
                if let left, let right {
                    _ = encoder.pairs.insert(left, right, rank: ranks[index], product: TokenID(index))
                }
            }
        }
        // A text's space is a mark: the two are one symbol also where the mark has no token.
        encoder.characters[0x20] = encoder.characters[SpaceMark.scalar]
    }

    /// The place of each score among the distinct ones, the highest first.
    private static func ranks(of scores: [Float]) -> [UInt32] {
        var ranks = [UInt32](repeating: 0, count: scores.count)
        var rank: UInt32 = 0
        var previous: Float?
        for index in scores.indices.sorted(by: { scores[$0] > scores[$1] }) {
            if let previous, previous != scores[index] { rank += 1 }
            previous = scores[index]
            ranks[index] = rank
        }
        return ranks
    }
}
