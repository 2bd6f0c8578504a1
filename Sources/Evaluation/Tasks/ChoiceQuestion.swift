/// A question whose answer is the most probable of some candidates.
public struct ChoiceQuestion: Sendable, Hashable {
    /// The number of the question's line, or of the question, in its file, from 1.
    public let line: Int
    /// The candidates for the answer, in the file's order.
    public let candidates: [ChoiceCandidate]
    /// The index of the right candidate.
    public let answer: Int
}

/// One of the choices of a question: a text, and what follows it and is scored.
public struct ChoiceCandidate: Sendable, Hashable {
    /// The text that the model sees; its tokens are not scored.
    public let context: String
    /// The text behind the context, whose tokens are scored; white space between the two included.
    public let continuation: String
    /// The number of Unicode scalars of the choice, without what stands between it and the context.
    public let characterCount: Int
    /// The number of bytes of the choice in UTF-8, without what stands between it and the context.
    public let byteCount: Int

    /// A choice behind its context.
    ///
    /// - Parameters:
    ///   - delimiter: What stands between the context and the choice; it is scored with the choice.
    ///   - choice: The text whose length counts.
    init(context: String, delimiter: String = "", choice: String) {
        self.context = context
        continuation = delimiter + choice
        characterCount = choice.unicodeScalars.count
        byteCount = choice.utf8.count
    }
}
