import Files

/// An error of a tokenizer that is damaged, contradicts itself or is of a kind that is not supported, or of an id that
/// it does not have.
public struct TokenizationError: DiagnosticError, Equatable {
    /// What is wrong, with the tokens it is about.
    public enum Kind: Sendable, Equatable {
        /// A part of the tokenizer is of a kind that is refused by name.
        case unsupported(part: String, found: String, supported: String)
        /// A regular expression that splits texts into words is not known.
        case unknownSplitPattern(part: String, ByteString, known: String)
        /// A key is missing or has a value of another form than expected.
        case malformed(key: String, expected: String)
        /// Two tokens have the same id.
        case duplicateID(TokenID, first: ByteString, second: ByteString)
        /// No token has this id although higher ones exist.
        case missingID(TokenID, count: Int)
        /// The id of a token cannot be the number of a row.
        case idOutOfRange(ByteString, id: Int)
        /// Two tokens have the same spelling.
        case duplicatePiece(ByteString, first: TokenID, second: TokenID)
        /// The spelling of a token is empty.
        case emptyPiece(TokenID)
        /// The spelling of a token is not valid UTF-8.
        case notUTF8(TokenID)
        /// There are more tokens than ids are possible.
        case tooManyTokens(count: Int)
        /// More rows of the embedding than `limit` are without a token.
        case tooManyUnusedRows(rowCount: Int, tokenCount: Int, limit: Int)
        /// A merge, counted from 0, is not possible.
        case merge(index: Int, MergeProblem)
        /// A byte has no token.
        case missingByteToken(UInt8)
        /// A token looks like that of a byte but is not spelled as `<0xNN>` with capital digits.
        case byteTokenSpelling(TokenID, ByteString)
        /// An added token is not possible.
        case addedToken(ByteString, id: Int, AddedTokenProblem)
        /// A token with a role is not in the vocabulary.
        case specialToken(role: String, found: String)
        /// Scores or kinds are not one per token.
        case countMismatch(of: String, found: Int, tokenCount: Int)
        /// The score of a token is not a number.
        case scoreNotANumber(TokenID)
        /// There are more tokens than rows of the embedding.
        case moreTokensThanRows(tokenCount: Int, rowCount: Int)
        /// Scores alone do not give the same ids as the merges; see `Tokenizer.verifyScoreForm()`.
        case scoresCannotExpress(TokenID, ByteString, ScoreProblem)
        /// `tokenizer.json` and `tokenizer.model` have different tokens under an id.
        case piecesDisagree(TokenID, ByteString, inModel: ByteString)
        /// Stock llama.cpp would make other tokens of the text of a token than the token itself.
        case preTokenizerCannotExpress(TokenID, ByteString, pre: String)
        /// The vocabulary has no token of the id.
        case invalidTokenID(TokenID, count: Int)
        /// There are only `vocab.json` and `merges.txt`, of a tokenizer class whose way to split words is not known.
        case vocabularyFilesAlone(tokenizerClass: String?)
        /// A piece has a zero byte, which GGUF can hold and stock llama.cpp cannot.
        case pieceHoldsNUL(TokenID)
    }

    /// What is wrong with a merge.
    public enum MergeProblem: Sendable, Equatable {
        /// A merge is not two pieces.
        case malformed
        /// A merge names a piece that is not in the vocabulary.
        case missingToken(ByteString)
        /// A merge makes a piece that is not in the vocabulary.
        case missingProduct(ByteString)
        /// A merge is there twice.
        case duplicate(of: Int)
        /// A merge joins tokens of bytes.
        case joinsByteTokens
    }

    /// What is wrong with an added token.
    public enum AddedTokenProblem: Sendable, Equatable {
        /// The vocabulary has another piece under the id.
        case idHoldsAnotherPiece(ByteString)
        /// The vocabulary has the piece under another id.
        case pieceHasAnotherID(TokenID)
        /// The token is listed twice.
        case listedTwice
        /// The token is also that of a byte.
        case isByteToken
        /// `tokenizer_config.json` lists a token that `tokenizer.json` does not.
        case notInTokenizer
    }

    /// The reason why scores cannot stand for the merges.
    public enum ScoreProblem: Sendable, Equatable {
        /// The rank is too large for a float32.
        case rankNotExact
        /// The merges never make this piece out of its characters.
        case neverMade
        /// A merge comes before the one that makes an operand of it.
        case operandMadeLater(ByteString)
        /// The scores would join the other piece first, the merges this one.
        case orderDiffers(ByteString)
        /// Of pieces with the same score the merges make another one first, and so other tokens of the text.
        case tieMatters(inText: ByteString)
        /// No merge makes the piece, but two pieces that join to it exist.
        case joinsWithoutMerge(ByteString, ByteString)
    }

    /// What is wrong, with the tokens it is about.
    public let kind: Kind
    /// The file that holds the tokenizer, where there is one.
    public var file: String?

    /// Makes an error in a file; nil for a vocabulary that is not from a file.
    public init(_ kind: Kind, file: String? = nil) {
        self.kind = kind
        self.file = file
    }

    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .unsupported(let part, let found, let supported):
            return Diagnostic(
                .input, file: file, place: part, "\(found) is not supported; supported: \(supported)",
                advice: "this tokenizer needs a newer version, or another tool")
        case .unknownSplitPattern(let part, let pattern, let known):
            return Diagnostic(
                .input, file: file, place: part, "the splitting pattern is not known: \(pattern)",
                advice: "if it splits as one of these does, name it with \(.preTokenizer, "NAME"): \(known)")
        case .malformed(let key, let expected):
            return damaged(place: key, "\(expected) expected")
        case .duplicateID(let id, let first, let second):
            return damaged(place: "token \(id)", "two tokens have this id: \"\(first)\" and \"\(second)\"")
        case .missingID(let id, let count):
            return damaged(place: "token \(id)", "no token has this id, though there are \(count) tokens")
        case .idOutOfRange(let piece, let id):
            return damaged(place: "token \"\(piece)\"", "the id \(id) is not a row number")
        case .duplicatePiece(let piece, let first, let second):
            return damaged(place: "token \(second)", "\"\(piece)\" is token \(first) already")
        case .emptyPiece(let id):
            return damaged(place: "token \(id)", "the token has no text")
        case .notUTF8(let id):
            return damaged(place: "token \(id)", "the token is not valid UTF-8")
        case .tooManyTokens(let count):
            return damaged(place: nil, "\(count) tokens; at most \(TokenID.max) are possible")
        case .tooManyUnusedRows(let rows, let tokens, let limit):
            return damaged(
                place: nil,
                "\(tokens) tokens for an embedding of \(rows) rows; at most \(limit) rows may be without one")
        case .merge(let index, let problem):
            return damaged(place: "merge \(index)", Self.text(problem))
        case .missingByteToken(let byte):
            return damaged(place: "byte 0x\(String(byte, radix: 16))", "the vocabulary has no token for this byte")
        case .byteTokenSpelling(let id, let piece):
            return damaged(place: "token \(id)", "\"\(piece)\" reads as a byte but is not spelled like \"<0x0A>\"")
        case .addedToken(let piece, let id, let problem):
            return damaged(place: "added token \(id) \"\(piece)\"", Self.text(problem))
        case .specialToken(let role, let found):
            return damaged(place: role, "\(found) is not in the vocabulary")
        case .countMismatch(let what, let found, let tokenCount):
            return damaged(place: nil, "\(found) \(what) for \(tokenCount) tokens; one for each expected")
        case .scoreNotANumber(let id):
            return damaged(place: "token \(id)", "the score is not a number")
        case .moreTokensThanRows(let tokenCount, let rowCount):
            return Diagnostic(
                .input, file: file, "the tokenizer has \(tokenCount) tokens, the embedding only \(rowCount) rows",
                advice: "check that the tokenizer and the weights are of one model")
        case .scoresCannotExpress(let id, let piece, let problem):
            return Diagnostic(
                .work, file: file, place: "token \(id) \"\(piece)\"", Self.text(problem),
                advice: "this tokenizer cannot be stored as a score vocabulary without changing its token ids")
        case .piecesDisagree(let id, let piece, let other):
            return Diagnostic(
                .input, file: file, place: "token \(id)",
                "tokenizer.json has \"\(piece)\", tokenizer.model has \"\(other)\"",
                advice: "keep the one that belongs to the weights")
        case .preTokenizerCannotExpress(let id, let piece, let pre):
            return Diagnostic(
                .work, file: file, place: "token \(id) \"\(piece)\"",
                "stock llama.cpp, splitting and merging as \"\(pre)\", would make other tokens of it",
                advice: "name another one with \(.preTokenizer, "NAME") if it fits")
        case .vocabularyFilesAlone(let name):
            let found = name.map { "tokenizer_class is \"\($0)\"" } ?? "there is no tokenizer_class"
            return Diagnostic(
                .input, file: file,
                "there are vocab.json and merges.txt, no tokenizer.json, and \(found): how words are split is not known",
                advice: "name it with \(.preTokenizer, "NAME"), or make a tokenizer.json in Python: "
                    + "AutoTokenizer.from_pretrained(FOLDER).save_pretrained(FOLDER)")
        case .pieceHoldsNUL(let id):
            return Diagnostic(
                .work, file: file, place: "token \(id)",
                "the token's text holds a NUL byte, where stock llama.cpp takes it to end",
                advice:
                    "this tokenizer cannot be stored; give the token another text in tokenizer.json if texts never have it"
            )
        case .invalidTokenID(let id, let count):
            return Diagnostic(.usage, file: file, "there is no token \(id); the ids are 0 to \(count - 1)")
        }
    }

    private func damaged(place: String?, _ problem: String) -> Diagnostic {
        Diagnostic(.input, file: file, place: place, problem, advice: "download or copy the tokenizer again")
    }

    private static func text(_ problem: MergeProblem) -> String {
        switch problem {
        case .malformed: "two pieces expected"
        case .missingToken(let piece): "\"\(piece)\" is not in the vocabulary"
        case .missingProduct(let piece): "the result \"\(piece)\" is not in the vocabulary"
        case .duplicate(let index): "the same pair as merge \(index)"
        case .joinsByteTokens: "byte tokens cannot be merged"
        }
    }

    private static func text(_ problem: AddedTokenProblem) -> String {
        switch problem {
        case .idHoldsAnotherPiece(let piece): "the vocabulary has \"\(piece)\" under this id"
        case .pieceHasAnotherID(let id): "the vocabulary has it under the id \(id)"
        case .listedTwice: "is listed twice"
        case .isByteToken: "a byte token cannot be an added token too"
        case .notInTokenizer: "is in tokenizer_config.json but not in tokenizer.json"
        }
    }

    private static func text(_ problem: ScoreProblem) -> String {
        switch problem {
        case .rankNotExact: "the rank of its merge is too large for a score"
        case .neverMade: "scores would make this token, the merges never do"
        case .operandMadeLater(let piece): "is merged before its part \"\(piece)\" can exist, which scores cannot say"
        case .orderDiffers(let piece): "merges make it before \"\(piece)\", scores do not"
        case .tieMatters(let text):
            "of \"\(text)\" merges and scores make other tokens: the scores are the same, the merges have an order"
        case .joinsWithoutMerge(let left, let right):
            "scores would make this token from \"\(left)\" and \"\(right)\", no merge does"
        }
    }
}
