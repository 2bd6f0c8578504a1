/// Cuts texts into the words that are merged on their own.
struct WordSplitter: Sendable {
    let rules: [SplitRule]
    let classes: ScalarClasses
    /// Whether U+017F is an s after an apostrophe, as it is where contractions may have any case.
    let foldsLongS: Bool
    /// Whether spaces outside of ASCII belong to the ranges of characters that hold them.
    let listsSpaces: Bool
    /// What words that are cut between cases are made of.
    let wordMembers: ScalarClass

    /// A splitter that cuts as HuggingFace tokenizers does.
    static func huggingFace(_ rules: [SplitRule]) -> WordSplitter {
        WordSplitter(
            rules: rules, classes: .huggingFace, foldsLongS: true, listsSpaces: true, wordMembers: [.letter, .mark])
    }

    /// A splitter that cuts as stock llama.cpp does.
    static func llama(_ rules: [SplitRule]) -> WordSplitter {
        WordSplitter(rules: rules, classes: .llama, foldsLongS: false, listsSpaces: false, wordMembers: .letter)
    }

    /// Calls `body` with the words of a text from left to right; together they are the text.
    /// - Parameter text: made of whole sequences, as ``UTF8Repair`` leaves it.
    func forEachWord(of text: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Void) {
        guard let bytes = text.baseAddress else { return }
        classes.withTable { classes in
            let whole = ClassifiedText(bytes: bytes, classes: classes, end: text.count)
            split(whole, from: 0, by: rules[...]) { start, end in
                body(UnsafeBufferPointer(start: bytes + start, count: end &- start))
            }
        }
    }

    private func split(
        _ text: ClassifiedText, from start: Int, by rules: ArraySlice<SplitRule>, _ body: (Int, Int) -> Void
    ) {
        guard let rule = rules.first else { return body(start, text.end) }
        let others = rules.dropFirst()
        func emit(_ start: Int, _ end: Int) {
            if others.isEmpty { return body(start, end) }
            var part = text
            part.end = end
            split(part, from: start, by: others, body)
        }
        if rule == .trailingSpaces {
            let end = text.startOfTrailingSpaces(after: start)
            if start < end { emit(start, end) }
            if end < text.end { emit(end, text.end) }
            return
        }
        var position = start
        var unmatched = start
        while position < text.end {
            if let end = match(rule, text, at: position) {
                if unmatched < position { emit(unmatched, position) }
                emit(position, end)
                position = end
                unmatched = end
            } else {
                position &+= text.scalar(at: position).length
            }
        }
        if unmatched < text.end { emit(unmatched, text.end) }
    }

    /// The end of what a rule matches at `start`; nil if it does not match there.
    @inline(__always)
    private func match(_ rule: SplitRule, _ text: ClassifiedText, at start: Int) -> Int? {
        switch rule {
        case .gpt2: text.gpt2Word(at: start)
        case .contractionsAndWords(let limit, let marksAreLetters):
            text.contractionOrWord(
                at: start, letters: marksAreLetters ? [.letter, .mark] : .letter, numbersAtMost: limit,
                foldsLongS: foldsLongS)
        case .casedWords(let limit, let withContractions):
            text.casedWord(
                at: start, members: wordMembers, numbersAtMost: limit, withContractions: withContractions,
                foldsLongS: foldsLongS)
        case .deepSeekWords: text.deepSeekWord(at: start)
        case .lineBreak: text.isLineBreak(at: start) ? start + 1 : nil
        case .letters: text.afterSpace(at: start) { text.run(from: $0, of: .letter) }
        case .punctuation: text.afterSpace(at: start) { text.run(from: $0, of: .punctuation) }
        case .casedLetters: text.afterSpace(at: start) { run(text, from: $0, where: Self.isCasedLetter) }
        case .listedSigns: text.afterSpace(at: start) { run(text, from: $0, where: Self.isListedSign) }
        case .trailingSpaces: nil
        case .eastAsian: text.nonEmpty(start, run(text, from: start, where: Self.isEastAsian))
        case .chineseAndKana: text.nonEmpty(start, run(text, from: start, where: Self.isChineseOrKana))
        case .numbers(let limit): text.nonEmpty(start, text.numbers(from: start, atMost: limit ?? .max))
        case .punctuationAndSigns: text.nonEmpty(start, text.punctuationAndSigns(from: start))
        case .threeDigits:
            (0..<3).allSatisfy { 0x30...0x39 ~= text.byte(at: start + $0) } ? start + 3 : nil
        }
    }

    /// The end of the run of characters from `start` on that fulfil a condition.
    @inline(__always)
    private func run(_ text: ClassifiedText, from start: Int, where isMember: (UInt32) -> Bool) -> Int {
        var position = start
        while position < text.end {
            let (scalar, length) = text.scalar(at: position)
            guard isMember(scalar), listsSpaces || length == 1 || !classes[scalar].meets(.space) else { break }
            position &+= length
        }
        return position
    }

    private static func isCasedLetter(_ scalar: UInt32) -> Bool {
        if scalar < 0x80 { return 0x41...0x5a ~= scalar || 0x61...0x7a ~= scalar }
        let ranges = SplitPatterns.casedLetterRanges
        var (low, high) = (0, ranges.count / 2)
        while low < high {
            let middle = (low + high) / 2
            if scalar > ranges[2 * middle + 1] { low = middle + 1 } else { high = middle }
        }
        return low < ranges.count / 2 && ranges[2 * low] <= scalar
    }

    private static func isListedSign(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x21...0x2f, 0x3a...0x7e, 0xff01...0xff0f, 0xff1a...0xff5e, 0x2018...0x201f, 0x3000...0x3002: true
        default: false
        }
    }

    private static func isEastAsian(_ scalar: UInt32) -> Bool {
        0x800...0x9fa5 ~= scalar || 0xac00...0xd7ff ~= scalar
    }

    private static func isChineseOrKana(_ scalar: UInt32) -> Bool {
        0x4e00...0x9fa5 ~= scalar || 0x3040...0x30ff ~= scalar
    }
}
