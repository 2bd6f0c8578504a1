import Files

/// How added tokens are found in a text.
enum AddedTokens: Sendable {
    /// Tokens are found as HuggingFace tokenizers finds them: leftmost-longest, first those matched before
    /// normalization, then the others.
    case leftmostLongest(raw: AddedTokenMatcher, normalized: AddedTokenMatcher)
    /// Tokens are found as stock llama.cpp finds them: the longest token first.
    case longestFirst(AddedTokenMatcher)

    /// The tokens of a definition, as HuggingFace finds them.
    /// - Parameters:
    ///   - spaceIsMark: whether normalization turns spaces into U+2581.
    ///   - prefix: what normalization puts before a text, of its beginning.
    static func leftmostLongest(
        _ tokens: [TokenizerDefinition.AddedToken], spaceIsMark: Bool,
        prefix: (ByteString) -> ByteString = { _ in "" }
    ) -> AddedTokens {
        var raw = AddedTokenMatcher()
        var normalized = AddedTokenMatcher(spaceIsMark: spaceIsMark)
        for token in tokens {
            if token.isNormalized {
                normalized.insert(
                    ByteString(prefix(token.content).bytes + token.content.bytes), id: TokenID(token.id),
                    token.surroundings)
            } else {
                raw.insert(token.content, id: TokenID(token.id), token.surroundings)
            }
        }
        return .leftmostLongest(raw: raw, normalized: normalized)
    }

    /// The parts of a text.
    /// - Parameter specialIDs: the tokens that stay text unless `parseSpecial` asks for them.
    func fragments(
        of text: UnsafeBufferPointer<UInt8>, parseSpecial: Bool, specialIDs: Set<TokenID>
    ) -> [TextFragment] {
        let keeps = { (id: TokenID) in parseSpecial || !specialIDs.contains(id) }
        switch self {
        case .longestFirst(let matcher):
            return matcher.longestFirst(of: text, keeps: keeps)
        case .leftmostLongest(let raw, let normalized):
            let fragments = raw.leftmostLongest(0..<text.count, of: text, keeps: keeps)
            guard !normalized.isEmpty else { return fragments }
            return fragments.flatMap { fragment in
                guard case .text(let range) = fragment else { return [fragment] }
                return normalized.leftmostLongest(range, of: text, keeps: keeps)
            }
        }
    }

    /// Whether tokens are looked for in normalized text.
    var hasNormalized: Bool {
        if case .leftmostLongest(_, let normalized) = self { !normalized.isEmpty } else { false }
    }

    /// The two searches of `leftmostLongest` one by one, for normalization that changes the text's length.
    var stages: (raw: AddedTokens, normalized: AddedTokens) {
        guard case .leftmostLongest(let raw, let normalized) = self else { return (self, self) }
        return (
            .leftmostLongest(raw: raw, normalized: AddedTokenMatcher()),
            .leftmostLongest(raw: normalized, normalized: AddedTokenMatcher())
        )
    }
}
