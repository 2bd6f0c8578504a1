import Tokenizers

/// The lengths in bytes and in characters of the text that each token of a vocabulary stands for; 0 for special tokens.
public struct TokenLengths: Sendable {
    private let byteCounts: [Int32]
    private let characterCounts: [Int32]

    /// Measures all tokens of a tokenizer's vocabulary.
    public init(_ tokenizer: Tokenizer) {
        var byteCounts: [Int32] = []
        var characterCounts: [Int32] = []
        for id in 0..<tokenizer.vocabulary.count {
            let bytes = (try? tokenizer.decode(CollectionOfOne(TokenID(id)), skipSpecials: true)) ?? []
            byteCounts.append(Int32(bytes.count))
            characterCounts.append(Int32(bytes.count { $0 & 0xc0 != 0x80 }))
        }
        self.byteCounts = byteCounts
        self.characterCounts = characterCounts
    }

    func byteCount(of token: TokenID) -> Int { Int(byteCounts[Int(token)]) }

    /// Characters that begin in it: a character of several byte tokens belongs to the first.
    func characterCount(of token: TokenID) -> Int { Int(characterCounts[Int(token)]) }
}
