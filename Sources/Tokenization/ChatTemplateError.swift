import TensorCore

/// A conversation template that cannot be read, or cannot be rendered with these messages.
public struct ChatTemplateError: DiagnosticError, Equatable {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        /// Jinja may know it, Swage does not.
        case unsupported(String)
        /// The template is not Jinja.
        case syntax(found: String, expected: String)
        /// A value cannot be used so.
        case wrongValue(String)
        /// The template itself refuses the messages.
        case raised(String)
        /// The template repeats itself without end, or nearly.
        case tooLarge
    }

    public let kind: Kind
    /// The line of the template, from 1.
    public let line: Int
    /// The character in the line, from 1.
    public let column: Int

    init(_ kind: Kind, at place: ChatTemplate.Place) {
        self.kind = kind
        line = place.line
        column = place.column
    }

    public var diagnostic: Diagnostic {
        let place = "chat template, line \(line), column \(column)"
        switch kind {
        case .unsupported(let construct):
            return Diagnostic(
                .input, place: place, "\(construct) is not supported",
                advice: "choose another template, or give the prompt as plain text")
        case .syntax(let found, let expected):
            return Diagnostic(
                .input, place: place, "\(found) found where \(expected) belongs",
                advice: "check the template with the program it was made for")
        case .wrongValue(let problem):
            return Diagnostic(.input, place: place, problem, advice: "check the roles and contents of the messages")
        case .raised(let message):
            return Diagnostic(
                .usage, place: place, "the template refuses the messages: \(message)",
                advice: "leave out what it refuses, or choose another template")
        case .tooLarge:
            return Diagnostic(
                .input, place: place, "the template does not come to an end",
                advice: "choose another template, or give the prompt as plain text")
        }
    }
}
