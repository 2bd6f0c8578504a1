import Runtime
import TensorCore
import Tokenization

/// A text cut into windows as llama.cpp's perplexity and importance tools do it.
///
/// The whole text is tokenized, special-token text as plain text, with BOS first if the tokenizer adds one; windows of
/// `context` tokens do not overlap, the rest is dropped, and the first token of each window is replaced by BOS.
public struct TokenWindows: Sendable {
    public let name: String
    public let windows: [TokenSequence]
    /// Tokens of the whole text, BOS included.
    public let tokenCount: Int
    public let byteCount: Int
    public let characterCount: Int

    /// - Parameter limit: the most windows to take.
    public init(_ text: EvaluationText, tokenizer: Tokenizer, context: Int, limit: Int?) throws {
        var tokens = tokenizer.encode(text.bytes, parseSpecial: false)
        let bos = tokenizer.vocabulary.addsBOS ? tokenizer.vocabulary.specials.bos : nil
        if let bos { tokens.insert(bos, at: 0) }
        let count = min(tokens.count / context, limit ?? .max)
        guard count > 0 else {
            throw EvaluationError(
                .textTooShort(tokenCount: tokens.count, context: context), file: text.path ?? text.name)
        }
        name = text.name
        windows = (0..<count).map { window in
            var sequence = TokenSequence(tokens[window * context..<(window + 1) * context])
            if let bos { sequence[0] = bos }
            return sequence
        }
        tokenCount = tokens.count
        byteCount = text.bytes.count
        characterCount = text.characterCount
    }

    static func check(context: Int, limit: Int) throws {
        guard context >= 4 else { throw EvaluationError(.contextTooShort(context)) }
        guard context <= limit else { throw EvaluationError(.contextTooLong(requested: context, limit: limit)) }
    }
}
