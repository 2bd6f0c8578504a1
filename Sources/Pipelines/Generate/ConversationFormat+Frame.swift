import ChatTemplates

extension ConversationFormat {
    /// What stands around the parts of a conversation, without the token that begins a text.
    package struct Frame: Sendable, Hashable {
        /// What stands before a system message.
        package let beforeSystem: String
        /// What follows a system message; nil if the template has no place for one.
        package let afterSystem: String?
        /// What stands before a question.
        package let beforePrompt: String
        /// What follows a question, up to where the answer begins.
        package let afterPrompt: String
        /// What follows an answer before the next question.
        package let afterAnswer: String
    }

    /// The frame of the template's conversations; nil if one is not the same in every turn.
    package var frame: Frame? {
        // Contents that no template has.
        let (instruction, question, answer, next) = (
            "\u{1}system\u{1}", "\u{1}question\u{1}", "\u{1}answer\u{1}", "\u{1}next\u{1}"
        )
        guard let single = text([("user", question)], addGenerationPrompt: true),
            let asked = single.firstRange(of: question),
            let several = text(
                [("user", question), ("assistant", answer), ("user", next)], addGenerationPrompt: false),
            let answered = several.firstRange(of: answer), let again = several.firstRange(of: next),
            answered.upperBound <= again.lowerBound
        else { return nil }
        let before = String(single[..<asked.lowerBound])
        let between = several[answered.upperBound..<again.lowerBound]
        guard between.hasSuffix(before) else { return nil }
        var system: (before: String, after: String)?
        if let led = text([("system", instruction), ("user", question)], addGenerationPrompt: true),
            let told = led.firstRange(of: instruction), let asked = led.firstRange(of: question),
            told.upperBound <= asked.lowerBound, led[told.upperBound..<asked.lowerBound].hasSuffix(before)
        {
            let after = led[told.upperBound..<asked.lowerBound].dropLast(before.count)
            system = (String(led[..<told.lowerBound]), String(after))
        }
        return Frame(
            beforeSystem: system?.before ?? "", afterSystem: system?.after, beforePrompt: before,
            afterPrompt: String(single[asked.upperBound...]), afterAnswer: String(between.dropLast(before.count)))
    }

    /// The template's text without the token that begins it; nil if it refuses the messages.
    private func text(_ messages: [Message], addGenerationPrompt: Bool) -> String? {
        guard let text = try? rendered(messages, addGenerationPrompt: addGenerationPrompt) else { return nil }
        return beginning.isEmpty || !text.hasPrefix(beginning) ? text : String(text.dropFirst(beginning.count))
    }
}
