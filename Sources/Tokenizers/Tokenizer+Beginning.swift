import Files

extension Tokenizer {
    /// The bytes of a text that a token takes at most, as a first guess, and the least that are looked at.
    private static let (bytesPerToken, leastByteCount) = (6, 1 << 12)

    /// The tokens that a text in UTF-8 begins with, without BOS: those of all of it, or as many as are wanted and some more.
    ///
    /// A text is cut where what follows cannot change the tokens before: at a line break behind a Latin letter or a Chinese
    /// character, which no word of a splitting pattern goes beyond, nor any token that has none there. Texts that are not
    /// UTF-8, and tokenizers of another kind, are read to their end.
    ///
    /// - Parameters:
    ///   - text: The bytes of the text.
    ///   - count: How many tokens are wanted.
    ///   - parseSpecial: Whether the text of a special token becomes that token.
    /// - Returns: At least `count` tokens, unless the whole text has fewer.
    public func encodeBeginning(of text: [UInt8], atLeast count: Int, parseSpecial: Bool) -> [TokenID] {
        beginning(of: text, atLeast: count, parseSpecial: parseSpecial).tokens
    }

    /// The tokens of ``encodeBeginning(of:atLeast:parseSpecial:)``, and whether they are those of the whole text.
    package func beginning(
        of text: [UInt8], atLeast count: Int, parseSpecial: Bool
    ) -> (tokens: [TokenID], isWhole: Bool) {
        let (guess, overflow) = count.multipliedReportingOverflow(by: Self.bytesPerToken)
        var length = max(Self.leastByteCount, overflow ? .max : guess)
        guard length < text.count, cutsBeforeLineBreaks, text.withUnsafeBufferPointer(UTF8Sequence.isValid) else {
            return (encode(text, parseSpecial: parseSpecial), true)
        }
        while length < text.count, let end = Self.lineBreak(in: text, from: length) {
            let tokens = encode(text[..<end], parseSpecial: parseSpecial)
            if tokens.count >= count { return (tokens, false) }
            length = 2 * end
        }
        return (encode(text, parseSpecial: parseSpecial), true)
    }

    private var cutsBeforeLineBreaks: Bool {
        parts.encoder.cutsBeforeLineBreaks
            && parts.vocabulary.pieces.allSatisfy { piece in
                !zip(piece.bytes, piece.bytes.dropFirst()).contains {
                    $1 == UInt8(ascii: "\n") && Self.mayEndLetter($0)
                }
            }
    }

    private static func mayEndLetter(_ byte: UInt8) -> Bool {
        byte >= 0x80 || UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20
    }

    /// The first line break behind a letter at a place or after it.
    private static func lineBreak(in text: [UInt8], from start: Int) -> Int? {
        (max(3, start)..<text.count).first { place in
            text[place] == UInt8(ascii: "\n") && isLetter(text[place - 3..<place])
        }
    }

    /// Whether three bytes end with a Latin letter, or are a character from U+4E00 to U+9FA5.
    private static func isLetter(_ bytes: ArraySlice<UInt8>) -> Bool {
        let (first, second, third) = (bytes[bytes.startIndex], bytes[bytes.startIndex + 1], bytes[bytes.startIndex + 2])
        if third < 0x80 { return UInt8(ascii: "a")...UInt8(ascii: "z") ~= third | 0x20 }
        let scalar = UInt32(first & 0x0f) << 12 | UInt32(second & 0x3f) << 6 | UInt32(third & 0x3f)
        return first & 0xf0 == 0xe0 && 0x4e00...0x9fa5 ~= scalar
    }
}
