import Files

/// The number of a token: its row in the embedding.
public typealias TokenID = Int32

/// What a token is for. The raw values are those of `tokenizer.ggml.token_type`.
public enum TokenKind: Int32, Sendable, CaseIterable {
    /// None was given.
    case undefined = 0
    /// Text.
    case normal = 1
    /// Text without tokens.
    case unknown = 2
    /// Structure, not text: never made from text unless special tokens are asked for.
    case control = 3
    /// Text that is always one token, whatever the merges say.
    case userDefined = 4
    /// A row of the embedding that no text makes.
    case unused = 5
    /// One byte, spelled `<0xNN>`.
    case byte = 6
}

/// The tokens that have a role.
public struct SpecialTokens: Sendable, Equatable {
    /// Begins a text.
    public var bos: TokenID?
    /// Ends a text.
    public var eos: TokenID?
    /// Fills batches; a model never reads it.
    public var pad: TokenID?
    /// Stands for text without tokens, which byte tokens make impossible.
    public var unknown: TokenID?
    /// Further tokens that end generation, beside `eos`.
    public var otherEnds: [TokenID]

    /// The roles; all may be missing.
    public init(
        bos: TokenID? = nil, eos: TokenID? = nil, pad: TokenID? = nil, unknown: TokenID? = nil,
        otherEnds: [TokenID] = []
    ) {
        self.bos = bos
        self.eos = eos
        self.pad = pad
        self.unknown = unknown
        self.otherEnds = otherEnds
    }
}

/// A tokenizer as GGUF stores it, under `tokenizer.ggml.*`.
///
/// It is a plain value and may hold anything; ``Tokenizer/init(vocabulary:)`` checks it.
public struct Vocabulary: Sendable, Equatable {
    /// `tokenizer.ggml.model`: which algorithm.
    public var model: String
    /// `tokenizer.ggml.pre`: which variant of it.
    public var pre: String
    /// The spelling of each token as stored: with U+2581 for a space, or in the byte-level alphabet.
    public var pieces: [ByteString]
    /// The scores of the pieces. In a `llama` vocabulary the adjacent pair whose joint piece has the highest score is
    /// merged first; in a `t5` vocabulary they are the logarithms of the pieces' probabilities; a `gpt2` vocabulary has
    /// none.
    public var scores: [Float]
    /// The pairs of pieces that a `gpt2` vocabulary merges, the first one first, each with a space between the two.
    public var merges: [ByteString]
    /// What each token is for.
    public var kinds: [TokenKind]
    /// The tokens that have a role.
    public var specials: SpecialTokens
    /// Whether a whole text begins with the BOS token. `Tokenizer.encode` leaves that to its caller.
    public var addsBOS: Bool
    /// Whether a whole text ends with the EOS token. `Tokenizer.encode` leaves that to its caller.
    public var addsEOS: Bool
    /// `tokenizer.ggml.add_sep_token`: false if what stands between two texts only ends the first and begins the second,
    /// as it does with single texts. Nil if that is not known, or not so: Swage encodes single texts.
    public var separatesPairs: Bool?
    /// Whether a space goes before the text, and before text that follows a special token.
    public var addsSpacePrefix: Bool
    /// Whether a `t5` vocabulary turns runs of spaces into one, and drops those at the ends.
    public var removesExtraSpaces: Bool
    /// SentencePiece's compiled table of replacements, in a `t5` vocabulary; empty if texts are taken as they are.
    public var characterMap: [UInt8]
    /// The Jinja template of the conversation format.
    public var chatTemplate: String?

    /// A vocabulary of these parts, unchecked.
    public init(
        model: String, pre: String, pieces: [ByteString], scores: [Float], merges: [ByteString] = [],
        kinds: [TokenKind], specials: SpecialTokens = SpecialTokens(), addsBOS: Bool, addsEOS: Bool = false,
        separatesPairs: Bool? = nil, addsSpacePrefix: Bool, removesExtraSpaces: Bool = false,
        characterMap: [UInt8] = [], chatTemplate: String? = nil
    ) {
        self.model = model
        self.pre = pre
        self.pieces = pieces
        self.scores = scores
        self.merges = merges
        self.kinds = kinds
        self.specials = specials
        self.addsBOS = addsBOS
        self.addsEOS = addsEOS
        self.separatesPairs = separatesPairs
        self.addsSpacePrefix = addsSpacePrefix
        self.removesExtraSpaces = removesExtraSpaces
        self.characterMap = characterMap
        self.chatTemplate = chatTemplate
    }

    /// The number of tokens.
    public var count: Int { pieces.count }

    /// The score of a token that no merge makes: lower than any merge's, and exact in float32.
    public static let unmergedScore: Float = -1e9

    /// Tables are padded to multiples of some hundreds; this many would be no padding.
    private static let unusedRowLimit = 1 << 18

    /// The vocabulary with one token for each of `rowCount` embedding rows.
    ///
    /// The rows that the tokenizer does not know become unused tokens named `[PADn]`, n being the row.
    /// - Throws: `TokenizationError` if there are more tokens than rows, or far fewer, or a name is taken.
    public func padded(to rowCount: Int) throws(TokenizationError) -> Vocabulary {
        guard count <= rowCount else {
            throw TokenizationError(.moreTokensThanRows(tokenCount: count, rowCount: rowCount))
        }
        guard rowCount <= Int(TokenID.max) else { throw TokenizationError(.tooManyTokens(count: rowCount)) }
        guard count < rowCount else { return self }
        guard rowCount - count <= Self.unusedRowLimit else {
            throw TokenizationError(
                .tooManyUnusedRows(rowCount: rowCount, tokenCount: count, limit: Self.unusedRowLimit))
        }
        var known: [ByteString: TokenID] = [:]
        for (id, piece) in pieces.enumerated() where piece.bytes.starts(with: "[PAD".utf8) {
            known[piece] = TokenID(id)
        }
        // Scores that come from SentencePiece have no such token.
        let paddingScore = scores.contains(Self.unmergedScore) ? Self.unmergedScore : AddedPiece.paddingScore
        var result = self
        for row in count..<rowCount {
            let name = ByteString("[PAD\(row)]")
            if let first = known[name] {
                throw TokenizationError(.duplicatePiece(name, first: first, second: TokenID(row)))
            }
            result.pieces.append(name)
            if !scores.isEmpty { result.scores.append(paddingScore) }
            result.kinds.append(.unused)
        }
        return result
    }
}

extension Vocabulary {
    /// The name that llama.cpp's converter gives to XVERSE's token of a NUL, which llama.cpp could not read.
    static let nameOfNUL: ByteString = #"<b'\x00'>"#

    /// Gives the token of a NUL that name.
    mutating func nameNUL() {
        guard let id = pieces.firstIndex(of: ByteString([0])) else { return }
        pieces[id] = Self.nameOfNUL
        kinds[id] = .byte
    }

    /// The pieces of a vocabulary with scores, checked.
    func checkedTable() throws(TokenizationError) -> PieceTable {
        for (what, found) in [("scores", scores.count), ("token types", kinds.count)]
        where found != count {
            throw TokenizationError(.countMismatch(of: what, found: found, tokenCount: count))
        }
        let table = try PieceTable(pieces)
        if let index = scores.firstIndex(where: \.isNaN) {
            throw TokenizationError(.scoreNotANumber(TokenID(index)))
        }
        for (index, piece) in pieces.enumerated()
        where !piece.bytes.withUnsafeBufferPointer(UTF8Sequence.isValid) {
            throw TokenizationError(.notUTF8(TokenID(index)))
        }
        try specials.check(tokenCount: count)
        return table
    }
}
