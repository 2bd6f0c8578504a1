import ByteJSON
import Files

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

    let table: PieceTable
    let kinds: [TokenKind]
    /// The added tokens that HuggingFace calls special.
    let specialIDs: Set<TokenID>
    let unknown: TokenID?
    let byteTokens: [TokenID]
    let byteValue: [TokenID: UInt8]
    let merges: [Merge]
    /// Whether a segment that is a piece is that token, whatever the merges say.
    let ignoresMerges: Bool
    private let addedTokens: [TokenizerDefinition.AddedToken]
    /// The added tokens that the merges' vocabulary does not have.
    private let addedOnly: Set<TokenID>

    /// - Parameter ownPieces: the pieces that the pre-tokenizer cuts out, which are user-defined ones.
    init(_ definition: TokenizerDefinition, ownPieces: [ByteString]) throws(TokenizationError) {
        let model = definition.model
        try definition.checkBPESettings()
        guard let vocabulary = model["vocab"]?.object else {
            throw TokenizerDefinition.malformed("model.vocab", "an object")
        }
        addedTokens = definition.addedTokens
        (table, addedOnly) = try definition.pieces(vocabulary)
        byteTokens = try CharacterBPE.byteTokens(of: table)
        byteValue = Dictionary(uniqueKeysWithValues: zip(byteTokens, UInt8.min...UInt8.max))
        try Self.checkByteSpellings(table.pieces, byteValue)

        var kinds = [TokenKind](repeating: .normal, count: table.pieces.count)
        for id in byteTokens { kinds[Int(id)] = .byte }
        // Texts have no spaces when they are looked for, so those with one are never found.
        for piece in ownPieces where !piece.bytes.contains(0x20) {
            if let id = table.find(piece.bytes[...]), kinds[Int(id)] == .normal { kinds[Int(id)] = .userDefined }
        }
        ignoresMerges = model["ignore_merges"]?.bool == true
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
        merges = try Merge.list(model["merges"], table, addedOnly: addedOnly, bytes: byteValue)
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

    /// The encoder that gives the ids that HuggingFace tokenizers gives.
    func encoder(
        splits: Splits, spaces: MarkedSpaces, ownPieces: PieceSplit?
    ) throws(TokenizationError) -> CharacterBPE {
        var characters = CharacterTable()
        for (index, piece) in table.pieces.enumerated() where piece.count <= 4 && !addedOnly.contains(TokenID(index)) {
            let scalars = UTF8Sequence.characters(of: piece.bytes)
            if scalars.count == 1 { characters[scalars[0].scalar] = TokenID(index) }
        }
        characters[0x20] = characters[SpaceMark.scalar]

        var pairs = PairTable(minimumCapacity: merges.count * 2)
        for (rank, merge) in merges.enumerated() {
            let scalars = UTF8Sequence.characters(of: table.pieces[Int(merge.product)].bytes).map(\.scalar)
            for (left, right) in zip(scalars, scalars.dropFirst()) where !splits.cuts(between: left, and: right) {
                let (leftSymbol, rightSymbol) = (characters[left], characters[right])
                if leftSymbol >= 0, rightSymbol >= 0 { pairs.insertNeighbours(leftSymbol, rightSymbol) }
            }
            if scalars.count > 2 || !splits.cuts(between: scalars[0], and: scalars[1]) {
                _ = pairs.insert(merge.left, merge.right, rank: UInt32(rank), product: merge.product)
            }
        }

        var encoder = CharacterBPE(
            characters: characters, pairs: pairs, bytes: byteTokens, tokenCount: table.pieces.count,
            addedTokens: .leftmostLongest(addedTokens, spaceIsMark: spaces.normalizes) { content in
                switch spaces.prefix {
                case .everyTextBeforeNormalizedTokens: SpaceMark.piece
                case .everyTextBesideRawTokens:
                    content.bytes.withUnsafeBufferPointer(SpaceMark.begins) ? SpaceMark.piece : ""
                default: ""
                }
            },
            specialIDs: specialIDs, spacePrefix: spaces.prefix, preparation: spaces.preparation)
        if ignoresMerges || ownPieces != nil {
            encoder.cuts = SegmentCuts(
                pieces: ownPieces, splits: splits,
                wholePieces: ignoresMerges ? try WordTable(wholePieces) : nil)
        }
        return encoder
    }

    private var wholePieces: [(bytes: [UInt8], id: TokenID)] {
        table.pieces.enumerated().compactMap { index, piece in
            addedOnly.contains(TokenID(index)) ? nil : (piece.bytes, TokenID(index))
        }
    }

    /// A piece of several characters, the name of a byte among them, that the merges do not make and that no added token
    /// is, though it may be a whole segment: the first; see `ignoresMerges`.
    func unmadePiece(_ scores: [Float]) -> ByteString? {
        guard ignoresMerges else { return nil }
        return table.pieces.indices.first {
            [.normal, .byte].contains(kinds[$0]) && scores[$0] == Vocabulary.unmergedScore
                && !table.pieces[$0].bytes.contains(0x20)
                && UTF8Sequence.characters(of: table.pieces[$0].bytes).count > 1
        }.map { table.pieces[$0] }
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
        if let addedCharacter { note(addedCharacter, .neverMade) }
        return (scores, conflict)
    }

    /// An added token that is one character, and that scores would make of it: the first.
    var addedCharacter: TokenID? {
        addedOnly.filter { UTF8Sequence.characters(of: table.pieces[Int($0)].bytes).count == 1 }.min()
    }

    /// The scores of a list of merges that names, piece after piece, every pair that makes the piece: what becomes of a
    /// SentencePiece model, whose pieces have an order and no merges. Whether it is such a list is for `ScoreForm` to say.
    var scoresOfGroups: [Float] {
        var scores = [Float](repeating: Vocabulary.unmergedScore, count: table.pieces.count)
        for (rank, merge) in merges.enumerated().reversed() { scores[Int(merge.product)] = -Float(rank) }
        return scores
    }
}
