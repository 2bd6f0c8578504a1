import Runtime
import Tokenizers

/// How texts are cut into windows, and which of their tokens are scored.
///
/// By default as llama.cpp's perplexity and importance tools do it: the whole text is tokenized with BOS first if the
/// tokenizer adds one; windows of ``context`` tokens do not overlap, the rest is dropped, the first token of each window is
/// replaced by BOS, and the second half is scored: what positions n / 2 … n − 2 predict.
///
/// With a ``stride``, as HuggingFace describes it for models of fixed length: windows begin every ``stride`` tokens, see up
/// to ``context`` tokens, and score those that no window before them has, a window's first token excepted; BOS is at the
/// text's beginning only.
public struct WindowCut: Sendable, Hashable {
    /// The number of tokens of a window; with a ``stride``, the most that it has.
    public var context: Int
    /// The number of tokens from the beginning of a window to that of the next; nil for windows that do not overlap and
    /// score their second half.
    public var stride: Int?
    /// The number, from 0, of the first window that is taken from each text.
    public var firstWindow: Int
    /// The most windows that are taken from each text; nil for all.
    public var windowLimit: Int?
    /// Whether the text of a special token, such as `<s>`, is read as that token.
    public var parsesSpecial: Bool

    /// A cut of texts; by default llama.cpp's, into windows of 512 tokens.
    public init(
        context: Int = 512, stride: Int? = nil, firstWindow: Int = 0, windowLimit: Int? = nil,
        parsesSpecial: Bool = false
    ) {
        self.context = context
        self.stride = stride
        self.firstWindow = firstWindow
        self.windowLimit = windowLimit
        self.parsesSpecial = parsesSpecial
    }

    /// What of the cut differs from taking the whole text in windows that do not overlap, and the context, as texts by their
    /// names.
    package var options: [String: String] {
        var options = ["context": "\(context)"]
        options["stride"] = stride.map { "\($0)" }
        if firstWindow > 0 { options["first-window"] = "\(firstWindow)" }
        options["windows"] = windowLimit.map { "\($0)" }
        if parsesSpecial { options["special-tokens"] = "parsed" }
        return options
    }

    /// Refuses windows that a model cannot see or that score nothing; to be called before any text is cut.
    ///
    /// - Parameter limit: The most tokens that the models can see.
    /// - Throws: ``EvaluationError`` if windows would be longer than `limit` or too short, or the stride is below 1 or
    ///   above the context.
    public func check(contextLimit limit: Int) throws {
        guard context >= (stride == nil ? 4 : 2) else { throw EvaluationError(.contextTooShort(context)) }
        guard context <= limit else { throw EvaluationError(.contextTooLong(requested: context, limit: limit)) }
        if let stride, !(1...context).contains(stride) {
            throw EvaluationError(.invalidStride(stride, context: context))
        }
    }

    /// The tokens that the wanted windows take of a text; nil for all that it has.
    var tokenCount: Int? {
        guard stride == nil, let windowLimit else { return nil }
        let (windows, overflow) = firstWindow.addingReportingOverflow(windowLimit)
        let (tokens, overflowed) = windows.multipliedReportingOverflow(by: context)
        return overflow || overflowed ? nil : tokens
    }

    /// Cuts the tokens of a text.
    ///
    /// - Parameters:
    ///   - tokens: BOS first if there is one.
    ///   - bos: what begins a window.
    func windows(of tokens: [TokenID], bos: TokenID?) -> [EvaluationWindow] {
        let all = stride.map { slidingWindows(of: tokens, stride: $0) } ?? halves(of: tokens, bos: bos)
        return selection(of: all)
    }

    /// The windows, of all that a text has, that are wanted.
    func selection(of windows: [EvaluationWindow]) -> [EvaluationWindow] {
        Array(windows.dropFirst(firstWindow).prefix(windowLimit ?? .max))
    }

    private func halves(of tokens: [TokenID], bos: TokenID?) -> [EvaluationWindow] {
        (0..<tokens.count / context).map { number in
            var window = TokenSequence(tokens[number * context..<(number + 1) * context])
            if let bos { window[0] = bos }
            return EvaluationWindow(number: number, tokens: window, scored: context / 2 + 1..<context)
        }
    }

    private func slidingWindows(of tokens: [TokenID], stride: Int) -> [EvaluationWindow] {
        var windows: [EvaluationWindow] = []
        var scored = 1
        for start in Swift.stride(from: 0, to: tokens.count, by: stride) where scored < tokens.count {
            let end = min(tokens.count, start + context)
            // Nothing predicts the first token of a window.
            let first = max(start + 1, scored)
            scored = end
            guard first < end else { continue }
            windows.append(
                EvaluationWindow(
                    number: windows.count, tokens: TokenSequence(tokens[start..<end]),
                    scored: first - start..<end - start))
        }
        return windows
    }
}

/// A window of tokens that a model sees, and those of them that are scored.
public struct EvaluationWindow: Sendable, Hashable {
    /// The window's place, from 0, among all windows of the text.
    public let number: Int
    /// The tokens that the model sees, in their order.
    public let tokens: TokenSequence
    /// The positions of the tokens that are scored, from 1 on: each is predicted by the position before it.
    public let scored: Range<Int>
}

/// A text cut into windows.
public struct TokenWindows: Sendable {
    /// The name of the text in reports.
    public let name: String
    /// The windows in the text's order, those that were not wanted left out.
    public private(set) var windows: [EvaluationWindow]
    /// What the text has where BOS may begin the windows.
    private(set) var firstTokens: [TokenID]
    /// The number of tokens of the whole text, BOS included; nil if only its beginning was tokenized.
    public let tokenCount: Int?
    /// The size of the whole text in bytes of UTF-8.
    public let byteCount: Int
    /// The size of the whole text in Unicode scalars.
    public let characterCount: Int

    /// Tokenizes a text, with BOS first if the tokenizer adds one, and cuts it.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - tokenizer: The tokenizer of the models that see the windows.
    ///   - cut: How the text is cut, and which windows are wanted.
    ///   - countsTokens: Whether all of the text is tokenized, also where the wanted windows take less.
    /// - Throws: ``EvaluationError`` if the text is too short for the first window that is wanted.
    public init(_ text: EvaluationText, tokenizer: Tokenizer, cut: WindowCut, countsTokens: Bool = true) throws {
        let (windows, tokens, isWhole) = try Self.cut(text, cut, tokenizer, takesAll: countsTokens)
        self.windows = windows
        firstTokens = windows.map { cut.stride == nil ? tokens[$0.number * cut.context] : $0.tokens[0] }
        name = text.name
        tokenCount = isWhole ? tokens.count : nil
        byteCount = text.bytes.count
        characterCount = text.characterCount
    }

    /// The same text with some of its windows.
    ///
    /// - Parameter range: Their places among ``windows``; those behind the last are none.
    package func selecting(_ range: Range<Int>) -> TokenWindows {
        var selected = self
        let range = range.clamped(to: windows.indices)
        (selected.windows, selected.firstTokens) = (Array(windows[range]), Array(firstTokens[range]))
        return selected
    }

    /// The windows of a text that are wanted, for which no more of it is tokenized than they take, if the tokenizer allows that.
    ///
    /// - Throws: ``EvaluationError`` if the text is too short for the first window that is wanted.
    package static func windows(
        of text: EvaluationText, tokenizer: Tokenizer, cut: WindowCut
    ) throws -> [EvaluationWindow] {
        try Self.cut(text, cut, tokenizer, takesAll: false).windows
    }

    /// - Parameter takesAll: whether all of the text is tokenized.
    private static func cut(
        _ text: EvaluationText, _ cut: WindowCut, _ tokenizer: Tokenizer, takesAll: Bool
    ) throws -> (windows: [EvaluationWindow], tokens: [TokenID], isWhole: Bool) {
        var (tokens, isWhole) = tokenizer.beginning(
            of: text.bytes, atLeast: takesAll ? .max : cut.tokenCount ?? .max, parseSpecial: cut.parsesSpecial)
        let bos = tokenizer.vocabulary.addsBOS ? tokenizer.vocabulary.specials.bos : nil
        if let bos { tokens.insert(bos, at: 0) }
        let windows = cut.windows(of: tokens, bos: bos)
        guard !windows.isEmpty else {
            throw EvaluationError(
                .textTooShort(tokenCount: tokens.count, context: cut.context, firstWindow: cut.firstWindow),
                file: text.path ?? text.name)
        }
        return (windows, tokens, isWhole)
    }

    /// Windows whose text is not known, only their tokens.
    ///
    /// - Throws: ``EvaluationError`` if `cut` asks for none of them.
    init(name: String, windows all: [EvaluationWindow], cut: WindowCut, lengths: TokenLengths) throws {
        let windows = cut.selection(of: all)
        guard !windows.isEmpty else {
            throw EvaluationError(
                .textTooShort(
                    tokenCount: all.reduce(0) { $0 + $1.tokens.count }, context: cut.context,
                    firstWindow: cut.firstWindow), file: name)
        }
        self.name = name
        self.windows = windows
        firstTokens = windows.map { $0.tokens[0] }
        tokenCount = windows.reduce(0) { $0 + $1.tokens.count }
        byteCount = windows.reduce(0) { $0 + $1.tokens.reduce(0) { $0 + lengths.byteCount(of: $1) } }
        characterCount = windows.reduce(0) { $0 + $1.tokens.reduce(0) { $0 + lengths.characterCount(of: $1) } }
    }
}
