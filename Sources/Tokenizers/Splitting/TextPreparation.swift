/// What a `tokenizer.json` does to the spaces of a text before it turns them into marks.
struct TextPreparation: Sendable {
    enum Step: Equatable {
        /// Spaces at both ends are left out.
        case leavesOutOuterSpaces
        /// Two spaces or more become these bytes.
        case joinsSpaces(into: [UInt8])
    }

    var steps: [Step] = []

    var isEmpty: Bool { steps.isEmpty }

    /// The step that a normalizer takes, if it is one: those that transformers writes for SentencePiece's
    /// `remove_extra_whitespaces`.
    static func step(of component: TokenizerDefinition.Component) throws(TokenizationError) -> Step? {
        guard component.type == "Replace", let content = component["content"]?.bytes else { return nil }
        let step: Step
        if component.hasPattern("Regex", text: #"\A +| +\z"#), content.isEmpty {
            step = .leavesOutOuterSpaces
        } else if component.hasPattern("Regex", text: " {2,}"), content == " " || content == SpaceMark.piece {
            step = .joinsSpaces(into: content.bytes)
        } else {
            return nil
        }
        try component.allow(["pattern", "content"])
        return step
    }

    func prepared(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        steps.reduce(Array(text)) { text, step in
            switch step {
            case .leavesOutOuterSpaces:
                let start = text.firstIndex { $0 != 0x20 } ?? text.count
                let end = text.lastIndex { $0 != 0x20 } ?? start - 1
                return Array(text[start..<end + 1])
            case .joinsSpaces(let content):
                return Self.joined(text, into: content)
            }
        }
    }

    private static func joined(_ text: [UInt8], into content: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var position = 0
        while position < text.count {
            var end = position
            while end < text.count, text[end] == 0x20 { end += 1 }
            if end - position > 1 {
                result += content
                position = end
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }
}
