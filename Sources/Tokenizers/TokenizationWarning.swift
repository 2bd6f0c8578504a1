import Files

/// A warning that a request of a tokenizer's files was left out; the tokenizer works without it.
public struct TokenizationWarning: Sendable, Equatable {
    /// What is left out, with the tokens it is about.
    public enum Kind: Sendable, Equatable {
        /// A token with a role is not in the vocabulary.
        case roleWithoutToken(role: String, found: String)
        /// The last tokens have no row in the embedding.
        case tokensWithoutRows(first: TokenID, count: Int, rowCount: Int)
        /// Bytes that have no token, though texts may hold them, and the token that stands for them.
        case bytesWithoutTokens([UInt8], unknown: ByteString?)
    }

    /// What is left out, with the tokens it is about.
    public let kind: Kind
    /// The file that asks for it, where there is one.
    public var file: String?

    /// Makes a warning about a file; nil for a vocabulary that is not from a file.
    public init(_ kind: Kind, file: String? = nil) {
        self.kind = kind
        self.file = file
    }

    /// The warning with the name of a file, unless it names one already.
    func about(_ file: String?) -> TokenizationWarning { TokenizationWarning(kind, file: self.file ?? file) }

    /// The warning in words.
    public var diagnostic: Diagnostic { Diagnostic(.input, file: file, place: place, problem) }

    private var place: String? {
        switch kind {
        case .roleWithoutToken(let role, _): role
        case .tokensWithoutRows, .bytesWithoutTokens: nil
        }
    }

    private var problem: String {
        switch kind {
        case .roleWithoutToken(_, let found):
            return "\(found) is not in the vocabulary; the model is read without it"
        case .tokensWithoutRows(let first, let count, let rowCount):
            let tokens = count == 1 ? "token \(first)" : "the \(count) tokens from \(first) on"
            return
                "the embedding has only \(rowCount) rows; \(tokens) cannot be used, and \(count == 1 ? "is" : "are") left out"
        case .bytesWithoutTokens(let bytes, let unknown):
            let list = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
            let effect = unknown.map { "\"\($0)\" stands for them" } ?? "they are left out of texts"
            return
                "no token for \(bytes.count == 1 ? "the byte" : "\(bytes.count) bytes") \(list.joined(separator: " ")): \(effect)"
        }
    }
}
