/// A decoder that turns tokens into text one at a time, and returns whole characters only.
///
/// A byte that cannot be part of a character becomes U+FFFD at once. That differs from
/// ``Tokenizer/text(of:skipSpecials:)`` only where a run of byte tokens holds valid characters and such bytes
/// together.
public struct StreamingDecoder: Sendable {
    private let tokenizer: Tokenizer
    private let skipSpecials: Bool
    /// The beginning of a character.
    private var pending: [UInt8] = []

    /// Makes a decoder at the beginning of a text.
    /// - Parameters:
    ///   - tokenizer: the tokenizer that the tokens are of.
    ///   - skipSpecials: whether special tokens give no text.
    public init(_ tokenizer: Tokenizer, skipSpecials: Bool = true) {
        self.tokenizer = tokenizer
        self.skipSpecials = skipSpecials
    }

    /// Takes the next token.
    /// - Returns: the UTF-8 bytes of the characters that the token completes; often none.
    /// - Throws: `TokenizationError` if there is no such token.
    public mutating func append(_ id: TokenID) throws(TokenizationError) -> [UInt8] {
        pending += try tokenizer.decode(CollectionOfOne(id), skipSpecials: skipSpecials)
        return takeCharacters(atEnd: false)
    }

    /// Ends the text.
    /// - Returns: U+FFFD for each byte of a character that was not completed.
    public mutating func finish() -> [UInt8] { takeCharacters(atEnd: true) }

    private mutating func takeCharacters(atEnd: Bool) -> [UInt8] {
        var text: [UInt8] = []
        let used = pending.withUnsafeBufferPointer { buffer in
            var position = 0
            while position < buffer.count {
                switch UTF8Sequence(buffer.baseAddress! + position, count: buffer.count - position) {
                case .character(let length, _):
                    text += buffer[position..<position + length]
                    position += length
                case .incomplete where !atEnd:
                    return position
                case .incomplete, .invalid:
                    text += "\u{fffd}".utf8
                    position += 1
                }
            }
            return position
        }
        pending.removeFirst(used)
        return text
    }
}
