import Files

/// An error of a conversation template that cannot be read, or cannot be rendered with the messages it was given.
public struct ChatTemplateError: DiagnosticError, Equatable {
    /// What is wrong.
    public enum Kind: Sendable, Equatable {
        /// The template uses a part of Jinja that is not supported.
        case unsupported(String)
        /// The template is not Jinja.
        case syntax(found: String, expected: String)
        /// A value cannot be used as the template uses it.
        case wrongValue(String)
        /// The template itself refuses the messages.
        case raised(String)
        /// The template needs more than any template may.
        case limit(Limit)
    }

    /// A resource of which a template may use only a limited amount.
    public enum Limit: Sendable, Equatable {
        /// The bytes of a template.
        case sourceLength
        /// The levels of parentheses and statements in a template.
        case nesting
        /// The levels of lists and mappings in each other.
        case valueDepth
        /// The steps of rendering a conversation.
        case steps
        /// The bytes of all values and texts that rendering makes.
        case bytes
        /// The numbers of a `range`.
        case rangeLength
        /// A number has more than 64 bits.
        case integerSize
    }

    /// What is wrong, with the part of the template or the value it is about.
    public let kind: Kind
    /// The line of the template, from 1.
    public let line: Int
    /// The character in the line, from 1.
    public let column: Int

    init(_ kind: Kind, at place: Place) {
        self.kind = kind
        line = place.line
        column = place.column
    }

    /// The error in words, with the line and column in the template and what to do.
    public var diagnostic: Diagnostic {
        var diagnostic = plainDiagnostic
        diagnostic.problem = Self.visible(diagnostic.problem)
        return diagnostic
    }

    /// The text without characters that control a terminal, and of bounded length: templates decide what messages say.
    private static func visible(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars.prefix(1000) {
            let isControl =
                scalar.properties.generalCategory == .control || scalar.properties.generalCategory == .format
            if isControl {
                result += "\\u{\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private var plainDiagnostic: Diagnostic {
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
        case .limit(let limit):
            return Diagnostic(
                .input, place: place, "the template passes a template limit: \(limit.text)",
                advice: "choose another template, or give the prompt as plain text")
        }
    }
}

extension ChatTemplateError.Limit {
    fileprivate var text: String {
        switch self {
        case .sourceLength: "it is longer than \(Limits.sourceLength) bytes"
        case .nesting: "it is nested too deeply"
        case .valueDepth: "it makes a value of more than \(Limits.valueDepth) levels"
        case .steps: "it takes more than \(Limits.steps) steps"
        case .bytes: "it makes more than \(Limits.bytes >> 20) MiB of text and values"
        case .rangeLength: "it makes a range of more than \(Limits.rangeLength) numbers"
        case .integerSize: "it computes a number of more than 64 bits"
        }
    }
}
