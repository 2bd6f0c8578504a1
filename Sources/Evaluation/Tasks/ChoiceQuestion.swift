/// A question whose answer is the most probable of some candidates.
public struct ChoiceQuestion: Sendable, Hashable {
    /// Where it is in its file, from 1.
    public let line: Int
    public let candidates: [ChoiceCandidate]
    /// The place of the right candidate.
    public let answer: Int
}

/// One of the choices: a text, and what follows it and is scored.
public struct ChoiceCandidate: Sendable, Hashable {
    public let context: String
    public let continuation: String
    /// Of what log-likelihoods are divided by: the choice, without what stands between it and the context.
    public let characterCount: Int
    public let byteCount: Int

    /// - Parameters:
    ///   - delimiter: what stands between the context and the choice; it is scored with the choice.
    ///   - choice: the text whose length counts.
    init(context: String, delimiter: String = "", choice: String) {
        self.context = context
        continuation = delimiter + choice
        characterCount = choice.unicodeScalars.count
        byteCount = choice.utf8.count
    }
}
