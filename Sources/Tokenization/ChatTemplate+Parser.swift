extension ChatTemplate {
    /// Reads the statements of a template.
    struct StatementParser {
        private static let depthLimit = 60

        private let segments: [Segment]
        private var position = 0
        private var depth = 0

        init(_ segments: [Segment]) { self.segments = segments }

        mutating func template() throws(ChatTemplateError) -> [Statement] {
            let (statements, end) = try body(until: [])
            if let end { throw unexpected(end.name, end.place) }
            return statements
        }

        /// A tag that ends a body, with what follows its name.
        private struct End {
            var name: String
            var tokens: ExpressionParser
            var place: Place
        }

        /// The statements up to a tag of one of the names, which is taken too.
        private mutating func body(
            until ends: Set<String>
        ) throws(ChatTemplateError) -> (statements: [Statement], end: End?) {
            var statements: [Statement] = []
            while position < segments.count {
                let segment = segments[position]
                position += 1
                switch segment {
                case .text(let text):
                    statements.append(.text(text))
                case .output(let tokens, _):
                    var parser = ExpressionParser(tokens)
                    statements.append(.output(try parser.wholeExpression()))
                case .block(let tokens, let place):
                    var parser = ExpressionParser(tokens)
                    let name = try parser.name("the name of a statement")
                    if ends.contains(name) { return (statements, End(name: name, tokens: parser, place: place)) }
                    statements.append(try statement(name, &parser, place))
                }
            }
            return (statements, nil)
        }

        private mutating func statement(
            _ name: String, _ parser: inout ExpressionParser, _ place: Place
        ) throws(ChatTemplateError) -> Statement {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthLimit else {
                throw ChatTemplateError(.unsupported("nesting this deep"), at: place)
            }
            switch name {
            case "if": return try choice(&parser, place)
            case "for": return try loop(&parser, place)
            case "set": return try set(&parser)
            case "endif", "endfor", "else", "elif": throw unexpected(name, place)
            default: throw ChatTemplateError(.unsupported("the statement \"\(name)\""), at: place)
            }
        }

        private func unexpected(_ name: String, _ place: Place) -> ChatTemplateError {
            ChatTemplateError(.syntax(found: "\"\(name)\"", expected: "another statement"), at: place)
        }

        private mutating func choice(
            _ parser: inout ExpressionParser, _ place: Place
        ) throws(ChatTemplateError) -> Statement {
            var branches: [(condition: Expression, body: [Statement])] = []
            var condition = try parser.wholeExpression()
            while true {
                let (statements, end) = try body(until: ["elif", "else", "endif"])
                branches.append((condition, statements))
                guard var end else { throw missing("endif", place) }
                switch end.name {
                case "elif":
                    condition = try end.tokens.wholeExpression()
                case "else":
                    try end.tokens.end()
                    let (statements, last) = try body(until: ["endif"])
                    guard var last else { throw missing("endif", place) }
                    try last.tokens.end()
                    return .choice(branches, otherwise: statements)
                default:
                    try end.tokens.end()
                    return .choice(branches, otherwise: [])
                }
            }
        }

        private mutating func loop(
            _ parser: inout ExpressionParser, _ place: Place
        ) throws(ChatTemplateError) -> Statement {
            let variable = try parser.name("a variable")
            guard try parser.takesName("in") else {
                throw ChatTemplateError(.unsupported("for with several variables"), at: place)
            }
            let list = try parser.expression(withCondition: false)
            if try parser.takesName("if") { throw ChatTemplateError(.unsupported("for with a condition"), at: place) }
            if try parser.takesName("recursive") {
                throw ChatTemplateError(.unsupported("a recursive loop"), at: place)
            }
            try parser.end()
            var (statements, end) = try body(until: ["else", "endfor"])
            var otherwise: [Statement] = []
            if end?.name == "else" {
                try end?.tokens.end()
                (otherwise, end) = try body(until: ["endfor"])
            }
            guard var end else { throw missing("endfor", place) }
            try end.tokens.end()
            return .loop(variable: variable, over: list, body: statements, otherwise: otherwise, place)
        }

        private func missing(_ name: String, _ place: Place) -> ChatTemplateError {
            ChatTemplateError(.syntax(found: "the end of the template", expected: "\"\(name)\""), at: place)
        }

        private mutating func set(_ parser: inout ExpressionParser) throws(ChatTemplateError) -> Statement {
            let place = parser.place
            let name = try parser.name("a variable")
            let attribute = try parser.takes(".") ? try parser.name("an attribute") : nil
            guard try parser.takes("=") else {
                throw ChatTemplateError(.unsupported("set without a single variable and \"=\""), at: place)
            }
            let value = try parser.wholeExpression()
            if let attribute { return .setAttribute(of: name, name: attribute, value, place) }
            return .set(name: name, value)
        }
    }
}
