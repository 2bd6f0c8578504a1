import Files

/// What turns of a conversation look like is not known, or what they tell of cannot be used.
public struct ConversationFormatError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    public enum Kind: Sendable, Equatable {
        /// Neither the model nor the user says what a conversation looks like.
        case noTemplate
        /// What was asked for is neither a conversation format that has a name nor a file.
        case unknownTemplate(known: [String])
        /// A file of tools or documents is something else.
        case notMaterial(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file concerned.
    public let place: Place

    /// An error of a conversation's format.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The model, or the file of the template, the tools or the documents.
    public init(_ kind: Kind, file: String) {
        self.kind = kind
        place = Place(file: file)
    }

    /// The error in words: the file and the place, what was found, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .noTemplate:
            Diagnostic(
                .usage, at: place, "the model does not say what a conversation looks like: it has no chat template",
                advice: "give one: \(.template, "FILE") for a Jinja template, or \(.template, "chatml")")
        case .unknownTemplate(let known):
            Diagnostic(
                .usage, at: place, "there is neither a conversation format nor a file of this name",
                advice: "known formats: \(known.joined(separator: ", ")); or give the path of a Jinja file")
        case .notMaterial(let problem):
            Diagnostic(
                .input, at: place, problem, advice: "write an array of JSON objects, as OpenAI's interface takes them")
        }
    }
}
