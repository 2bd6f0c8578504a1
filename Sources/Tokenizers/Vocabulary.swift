import Files

/// The id of a token, which is the number of its row in the embedding.
public typealias TokenID = Int32

/// The purpose of a token. The raw values are those of `tokenizer.ggml.token_type`.
public enum TokenKind: Int32, Sendable, CaseIterable {
    /// The kind of a token for which none was given.
    case undefined = 0
    /// A token that stands for text.
    case normal = 1
    /// The token that stands for text without tokens of its own.
    case unknown = 2
    /// A token of structure, not of text: it is never made from text unless special tokens are asked for.
    case control = 3
    /// A token of text that is always one token, whatever the merges say.
    case userDefined = 4
    /// A token that no text becomes: an unused row of the embedding.
    case unused = 5
    /// A token of one byte, spelled `<0xNN>`.
    case byte = 6
}

/// The tokens that have a role.
public struct SpecialTokens: Sendable, Equatable {
    /// The token that begins a text.
    public var bos: TokenID?
    /// The token that ends a text.
    public var eos: TokenID?
    /// The token that fills up batches; a model never reads it.
    public var pad: TokenID?
    /// The token that stands for text without tokens of its own; vocabularies with byte tokens do not need it.
    public var unknown: TokenID?
    /// Tokens that end generation, beside `eos`.
    public var otherEnds: [TokenID]

    /// Names the tokens that have a role; all may be missing.
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
/// It is a plain value and may hold anything; ``Tokenizer/init(vocabulary:file:)`` checks it.
public struct Vocabulary: Sendable, Equatable {
    /// The name of the algorithm, under the key `tokenizer.ggml.model`: `llama`, `gpt2` or `t5`.
    public var model: String
    /// The name of the variant of the algorithm, under the key `tokenizer.ggml.pre`.
    public var pre: String
    /// The spelling of each token as it is stored: with U+2581 for a space, or in the byte-level alphabet.
    public var pieces: [ByteString]
    /// The scores of the pieces. In a `llama` vocabulary the adjacent pair whose joint piece has the highest score is
    /// merged first; in a `t5` vocabulary they are the logarithms of the pieces' probabilities; a `gpt2` vocabulary has
    /// none.
    public var scores: [Float]
    /// The pairs of pieces that a `gpt2` vocabulary merges, in the order of their ranks, each with a space between the
    /// two.
    public var merges: [ByteString]
    /// The purpose of each token.
    public var kinds: [TokenKind]
    /// The tokens that have a role.
    public var specials: SpecialTokens
    /// Whether a whole text begins with the BOS token. `Tokenizer.encode` leaves that to its caller.
    public var addsBOS: Bool
    /// Whether a whole text ends with the EOS token. `Tokenizer.encode` leaves that to its caller.
    public var addsEOS: Bool
    /// The value under the key `tokenizer.ggml.add_sep_token`: false if the tokens between two texts are only those
    /// that end the first and begin the second, as with single texts. Nil if that is not known, or not so: Swage
    /// encodes single texts.
    public var separatesPairs: Bool?
    /// Whether a space goes before the text, and before text that follows a special token.
    public var addsSpacePrefix: Bool
    /// Whether a `t5` vocabulary turns runs of spaces into one, and drops those at the ends.
    public var removesExtraSpaces: Bool
    /// SentencePiece's compiled table of replacements, in a `t5` vocabulary; empty if texts are taken as they are.
    public var characterMap: [UInt8]
    /// The Jinja template of the conversation format.
    public var chatTemplate: String?

    /// Makes a vocabulary of parts, which are not checked.
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
