import ByteJSON
import TensorCore

/// The vocabulary and the merges of a `tokenizer.json`, checked against each other.
struct CharacterBPEModel {
    /// Where the pre-tokenizer cuts. Each cut depends on the two characters beside it alone.
    struct Splits: OptionSet {
        var rawValue: Int
        /// Before every mark of a space.
        static let spaces = Splits(rawValue: 1)
        /// Around runs of line feeds.
        static let newlines = Splits(rawValue: 2)
        /// Around every numeric character.
        static let digits = Splits(rawValue: 4)

        func cuts(between left: UInt32, and right: UInt32) -> Bool {
            contains(.spaces) && right == SpaceMark.scalar
                || contains(.newlines) && (left == 0x0a) != (right == 0x0a)
                || contains(.digits) && (NumericScalars.contains(left) || NumericScalars.contains(right))
        }
    }

    private struct Merge {
        var left: TokenID
        var right: TokenID
        var product: TokenID
    }

    let table: PieceTable
    let kinds: [TokenKind]
    /// The added tokens that HuggingFace calls special.
    let specialIDs: Set<TokenID>
    let unknown: TokenID?
    let byteTokens: [TokenID]
    let byteValue: [TokenID: UInt8]
    private let merges: [Merge]
    private let addedTokens: [TokenizerDefinition.AddedToken]
    /// The added tokens that the merges' vocabulary does not have.
    private let addedOnly: Set<TokenID>

    init(_ definition: TokenizerDefinition) throws(TokenizationError) {
        let model = definition.model
        try Self.checkSettings(of: model)
        guard let vocabulary = model["vocab"]?.object else {
            throw TokenizerDefinition.malformed("model.vocab", "an object")
        }
        addedTokens = definition.addedTokens
        (table, addedOnly) = try Self.pieces(vocabulary, added: definition.addedTokens)
        byteTokens = try CharacterBPE.byteTokens(of: table)
        byteValue = Dictionary(uniqueKeysWithValues: zip(byteTokens, UInt8.min...UInt8.max))
        try Self.checkByteSpellings(table.pieces, byteValue)

        var kinds = [TokenKind](repeating: .normal, count: table.pieces.count)
        for id in byteTokens { kinds[Int(id)] = .byte }
        if let unk = model["unk_token"] {
            guard let name = unk.bytes else { throw TokenizerDefinition.malformed("model.unk_token", "a string") }
            guard let id = table.find(name.bytes[...]) else {
                throw TokenizationError(.specialToken(role: "model.unk_token", found: "\"\(name)\""))
            }
            unknown = id
            kinds[Int(id)] = .unknown
        } else {
            unknown = nil
        }
        var specialIDs: Set<TokenID> = []
        for token in definition.addedTokens {
            guard kinds[token.id] != .byte else {
                throw TokenizationError(.addedToken(token.content, id: token.id, .isByteToken))
            }
            if kinds[token.id] != .unknown { kinds[token.id] = token.isSpecial ? .control : .userDefined }
            if token.isSpecial { specialIDs.insert(TokenID(token.id)) }
        }
        self.kinds = kinds
        self.specialIDs = specialIDs
        merges = try Self.merges(model["merges"], table, kinds, addedOnly)
    }

    private static func checkSettings(of model: TokenizerDefinition.Component) throws(TokenizationError) {
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
        if let ignores = model["ignore_merges"], ignores.bool != false {
            throw model.unsupported("ignore_merges", supported: "false")
        }
        // Every byte has a token, so nothing is ever unknown and whether unknowns are fused does not matter.
        if let fuses = model["fuse_unk"], fuses.bool == nil {
            throw TokenizerDefinition.malformed("model.fuse_unk", "true or false")
        }
    }

    /// The pieces in the order of their ids, and which of them are added tokens alone.
    private static func pieces(
        _ vocabulary: JSONObject, added: [TokenizerDefinition.AddedToken]
    ) throws(TokenizationError) -> (PieceTable, addedOnly: Set<TokenID>) {
        var entries: [(piece: ByteString, id: Int)] = []
        for (piece, value) in vocabulary.members {
            guard let id = value.integer else {
                throw TokenizerDefinition.malformed("model.vocab[\"\(piece)\"]", "an integer")
            }
            entries.append((piece, id))
        }
        var addedOnly: Set<TokenID> = []
        var seen: Set<ByteString> = []
        for token in added {
            guard seen.insert(token.content).inserted else {
                throw TokenizationError(.addedToken(token.content, id: token.id, .listedTwice))
            }
            if let value = vocabulary[token.content] {
                guard value.integer == token.id else {
                    let id = TokenID(exactly: value.integer ?? -1) ?? -1
                    throw TokenizationError(.addedToken(token.content, id: token.id, .pieceHasAnotherID(id)))
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

    /// Refuses other spellings of bytes, which HuggingFace reads as bytes but never writes.
    private static func checkByteSpellings(
        _ pieces: [ByteString], _ byteValue: [TokenID: UInt8]
    ) throws(TokenizationError) {
        for (index, piece) in pieces.enumerated() where piece.count == 6 && byteValue[TokenID(index)] == nil {
            guard piece.bytes.starts(with: "<0x".utf8), piece.bytes[5] == UInt8(ascii: ">"),
                let digits = ByteString(piece.bytes[3..<5]).string, UInt8(digits, radix: 16) != nil
            else { continue }
            throw TokenizationError(.byteTokenSpelling(TokenID(index), piece))
        }
    }

    private static func merges(
        _ json: JSON?, _ table: PieceTable, _ kinds: [TokenKind], _ addedOnly: Set<TokenID>
    ) throws(TokenizationError) -> [Merge] {
        guard let list = json?.array else { throw TokenizerDefinition.malformed("model.merges", "an array") }
        var merges: [Merge] = []
        merges.reserveCapacity(list.count)
        for (index, item) in list.enumerated() {
            let operands: [ArraySlice<UInt8>]
            if let line = item.bytes {
                operands = line.bytes.split(separator: 0x20, omittingEmptySubsequences: false)
            } else {
                operands = item.array?.compactMap { $0.bytes?.bytes[...] } ?? []
            }
            guard operands.count == 2, operands.allSatisfy({ !$0.isEmpty }),
                item.array.map({ $0.count == 2 }) ?? true
            else { throw TokenizationError(.merge(index: index, .malformed)) }
            func token(_ bytes: ArraySlice<UInt8>) -> TokenID? {
                table.find(bytes).flatMap { addedOnly.contains($0) ? nil : $0 }
            }
            guard let left = token(operands[0]) else {
                throw TokenizationError(.merge(index: index, .missingToken(ByteString(operands[0]))))
            }
            guard let right = token(operands[1]) else {
                throw TokenizationError(.merge(index: index, .missingToken(ByteString(operands[1]))))
            }
            guard kinds[Int(left)] != .byte, kinds[Int(right)] != .byte else {
                throw TokenizationError(.merge(index: index, .joinsByteTokens))
            }
            let joined = operands[0] + operands[1]
            guard let product = token(joined) else {
                throw TokenizationError(.merge(index: index, .missingProduct(ByteString(joined))))
            }
            merges.append(Merge(left: left, right: right, product: product))
        }
        return merges
    }

    /// The encoder that gives the ids that HuggingFace tokenizers gives.
    func encoder(splits: Splits) throws(TokenizationError) -> CharacterBPE {
        var characters = CharacterTable()
        for (index, piece) in table.pieces.enumerated() where piece.count <= 4 && !addedOnly.contains(TokenID(index)) {
            let scalars = UTF8Sequence.characters(of: piece.bytes)
            if scalars.count == 1 { characters[scalars[0].scalar] = TokenID(index) }
        }
        characters[0x20] = characters[SpaceMark.scalar]

        var pairs = PairTable(minimumCapacity: merges.count * 2)
        var ranks: [UInt64: Int] = [:]
        for (rank, merge) in merges.enumerated() {
            let key = UInt64(UInt32(bitPattern: merge.left)) << 32 | UInt64(UInt32(bitPattern: merge.right))
            if let first = ranks.updateValue(rank, forKey: key) {
                throw TokenizationError(.merge(index: rank, .duplicate(of: first)))
            }
            let scalars = UTF8Sequence.characters(of: table.pieces[Int(merge.product)].bytes).map(\.scalar)
            for (left, right) in zip(scalars, scalars.dropFirst()) where !splits.cuts(between: left, and: right) {
                let (leftSymbol, rightSymbol) = (characters[left], characters[right])
                if leftSymbol >= 0, rightSymbol >= 0 { pairs.insertNeighbours(leftSymbol, rightSymbol) }
            }
            if scalars.count > 2 || !splits.cuts(between: scalars[0], and: scalars[1]) {
                _ = pairs.insert(merge.left, merge.right, rank: UInt32(rank), product: merge.product)
            }
        }

        var raw = AddedTokenMatcher()
        var normalized = AddedTokenMatcher(spaceIsMark: true)
        for token in addedTokens {
            if token.isNormalized {
                normalized.insert(token.content, id: TokenID(token.id))
            } else {
                raw.insert(token.content, id: TokenID(token.id))
            }
        }
        return CharacterBPE(
            characters: characters, pairs: pairs, bytes: byteTokens, tokenCount: table.pieces.count,
            addedTokens: .leftmostLongest(raw: raw, normalized: normalized), specialIDs: specialIDs,
            addsSpacePrefix: false)
    }

    /// The scores with which stock llama.cpp merges as `encoder` does, and what stands against that.
    ///
    /// llama.cpp merges any two neighbours whose joint text is a piece, by the score of that piece, and knows no
    /// splits. That gives the same ids if (1) every merge comes after those that make its operands, and (2) the
    /// merges make each of their products out of its characters, splits included; the score is then minus the rank of
    /// the merge that does it last. Why: merging goes in phases, one for each rank, by (1). Suppose two neighbours l,
    /// r join to the piece t, but not by a merge that is due. No boundary around them has been crossed, so the
    /// merging inside went as it goes for t alone; there, by (2), the last step to t joined two other operands, or
    /// joined these at its own rank. Either way l, r do not stand next to each other at a moment when the scores
    /// would join them and the merges not, nor the other way round. What no merge makes is the concern of
    /// `ScoreForm`.
    func scores(of encoder: CharacterBPE) -> ([Float], conflict: TokenizationError?) {
        var scores = [Float](repeating: Vocabulary.unmergedScore, count: table.pieces.count)
        var conflict: TokenizationError?
        func note(_ id: TokenID, _ problem: TokenizationError.ScoreProblem) {
            if conflict == nil {
                conflict = TokenizationError(.scoresCannotExpress(id, table.pieces[Int(id)], problem))
            }
        }
        var lastMaker: [TokenID: Int] = [:]
        for (rank, merge) in merges.enumerated() { lastMaker[merge.product] = rank }
        for (rank, merge) in merges.enumerated() {
            for operand in [merge.left, merge.right] where lastMaker[operand] ?? -1 >= rank {
                note(merge.product, .operandMadeLater(table.pieces[Int(operand)]))
            }
        }
        for id in lastMaker.keys.sorted() {
            if let rank = encoder.rankOfLastMerge(making: id, table.pieces[Int(id)]) {
                scores[Int(id)] = -Float(rank)
                if rank > 1 << 24 { note(id, .rankNotExact) }
            } else {
                note(id, .neverMade)
            }
        }
        for id in addedOnly.sorted() where UTF8Sequence.characters(of: table.pieces[Int(id)].bytes).count == 1 {
            note(id, .neverMade)
        }
        return (scores, conflict)
    }
}
