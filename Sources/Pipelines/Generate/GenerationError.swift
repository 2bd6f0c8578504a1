import Files

/// A text that a model cannot continue.
public struct GenerationError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    public enum Kind: Sendable, Equatable {
        /// The model was not made for a context of so many tokens.
        case contextOutOfRange(Int, limit: Int)
        /// The prompt leaves no room in the context; `limit` is the model's.
        case promptTooLong(tokenCount: Int, context: Int, limit: Int)
        /// A turn of a conversation leaves no room in the context, even without the turns before it.
        case turnTooLong(tokenCount: Int, context: Int, limit: Int)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file concerned.
    public let place: Place

    /// An error of a generation.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The model.
    public init(_ kind: Kind, file: String) {
        self.kind = kind
        place = Place(file: file)
    }

    /// The error in words: the file and the place, what was found, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .contextOutOfRange(let context, let limit):
            Diagnostic(
                .usage, at: place,
                "a context of \(context) tokens was asked for; the model's can be from 2 to \(limit)",
                advice: "use \(.context, limit) or less")
        case .promptTooLong(let tokenCount, let context, let limit):
            tooLong("the prompt", of: tokenCount, context, limit, advised: "the prompt")
        case .turnTooLong(let tokenCount, let context, let limit):
            tooLong("this turn", of: tokenCount, context, limit, advised: "it")
        }
    }

    private func tooLong(
        _ text: String, of tokenCount: Int, _ context: Int, _ limit: Int, advised: String
    ) -> Diagnostic {
        Diagnostic(
            .usage, at: place,
            "\(text) has \(tokenCount) tokens, and a context of \(context) has room for \(context - 1) and an answer",
            advice: context < limit
                ? "shorten \(advised), or use a larger \(.context), up to \(limit)" : "shorten \(advised)")
    }
}
