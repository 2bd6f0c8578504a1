import Runtime
import Tokenization

/// Texts cut into windows, and which of their tokens are scored: those that positions n / 2 … n − 2 of each window predict.
struct ScoredWindows: Sendable {
    let texts: [TokenWindows]
    let windows: [TokenSequence]
    /// Positions whose next token is scored.
    private let positions: Range<Int>
    private let context: Int

    /// - Parameters:
    ///   - context: tokens per window.
    ///   - windowLimit: the most windows to take from each text.
    ///   - contextLimit: the most tokens that the model can see.
    init(
        _ texts: [EvaluationText], tokenizer: Tokenizer, context: Int, windowLimit: Int?, contextLimit: Int
    ) throws {
        try TokenWindows.check(context: context, limit: contextLimit)
        self.texts = try texts.map {
            try TokenWindows($0, tokenizer: tokenizer, context: context, limit: windowLimit)
        }
        windows = self.texts.flatMap(\.windows)
        positions = context / 2..<context - 1
        self.context = context
    }

    /// Scored tokens of all windows.
    var count: Int { windows.count * positions.count }

    /// Where the scored tokens of a window begin.
    func start(ofWindow window: Int) -> Int { window * positions.count }

    /// The rows that score tokens, of a batch of windows whose rows follow each other.
    func rows(windowCount: Int) -> [Int] {
        (0..<windowCount).flatMap { window in positions.map { window * context + $0 } }
    }

    /// The token that a scored position should predict.
    func token(_ index: Int) -> Int32 {
        let (window, place) = index.quotientAndRemainder(dividingBy: positions.count)
        return windows[window][positions.lowerBound + place + 1]
    }

    /// Divides one value per scored token among the texts.
    func perText<Value, Result>(
        _ values: [Value], _ body: (TokenWindows, ArraySlice<Value>) throws -> Result
    ) rethrows -> [Result] {
        var start = 0
        return try texts.map { text in
            let count = text.windows.count * positions.count
            defer { start += count }
            return try body(text, values[start..<start + count])
        }
    }
}
