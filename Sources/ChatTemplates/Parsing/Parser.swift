import Files

/// Reads statements and expressions, in the way of jinja2's parser.
struct Parser {
    private let segments: [Segment]
    /// The number of the segment after the tag that is being read.
    private var segment = 0
    private var tokens: [Token] = []
    private var index = 0
    var names = NameTable()
    private var nesting = 0
    /// Loops that are open; a macro's body begins anew.
    var loopDepth = 0

    init(_ segments: [Segment]) { self.segments = segments }

    /// The whole template.
    mutating func template() throws(ChatTemplateError) -> [Statement] { try statements(until: []).body }

    // MARK: - Statements

    /// Statements up to a tag that begins with one of the names; the name is read.
    mutating func statements(
        until ends: [String]
    ) throws(ChatTemplateError) -> (body: [Statement], end: String) {
        var body: [Statement] = []
        while segment < segments.count {
            let current = segments[segment]
            segment += 1
            switch current {
            case .text(let text): body.append(.text(ByteString(text)))
            case .output(let tokens, _):
                begin(tokens)
                body.append(.output([try tuple()]))
                try finish()
            case .block(let tokens, let place):
                begin(tokens)
                guard case .name(let name) = token.kind else { throw unexpected("the name of a statement") }
                skip()
                if ends.contains(name) { return (body, name) }
                let statement = try nested { parser throws(ChatTemplateError) in
                    try parser.statement(name, place)
                }
                body.append(statement)
                try finish()
            }
        }
        guard ends.isEmpty else {
            throw ChatTemplateError(
                .syntax(
                    found: "the end of the template", expected: ends.map { "{% \($0) %}" }.joined(separator: " or ")),
                at: token.place)
        }
        return (body, "")
    }

    /// A body up to a tag, of which nothing but the name is left to read.
    mutating func block(until end: String) throws(ChatTemplateError) -> [Statement] {
        try beginBody()
        return try statements(until: [end]).body
    }

    /// The end of the tag before a body, where Python's colon may be.
    mutating func beginBody() throws(ChatTemplateError) {
        _ = takes(sign: ":")
        try finish()
    }

    private mutating func begin(_ tokens: [Token]) {
        self.tokens = tokens
        index = 0
    }

    func finish() throws(ChatTemplateError) {
        guard token.kind == .end else { throw unexpected("the end of the tag") }
    }

    // MARK: - Tokens

    var token: Token {
        index < tokens.count ? tokens[index] : Token(kind: .end, place: tokens.last?.place ?? Place(line: 1, column: 1))
    }

    var following: Token.Kind { index + 1 < tokens.count ? tokens[index + 1].kind : .end }

    mutating func skip(_ count: Int = 1) { index += count }

    func sees(sign: String) -> Bool { token.kind == .sign(sign) }

    func sees(name: String) -> Bool { token.kind == .name(name) }

    mutating func takes(sign: String) -> Bool {
        guard sees(sign: sign) else { return false }
        skip()
        return true
    }

    mutating func takes(name: String) -> Bool {
        guard sees(name: name) else { return false }
        skip()
        return true
    }

    mutating func expect(sign: String) throws(ChatTemplateError) {
        guard takes(sign: sign) else { throw unexpected("\"\(sign)\"") }
    }

    mutating func expect(name: String) throws(ChatTemplateError) {
        guard takes(name: name) else { throw unexpected("\"\(name)\"") }
    }

    mutating func name() throws(ChatTemplateError) -> Name {
        guard case .name(let text) = token.kind else { throw unexpected("a name") }
        skip()
        return names[text]
    }

    func unexpected(_ expected: String) -> ChatTemplateError {
        let found =
            switch token.kind {
            case .name(let text), .sign(let text): "\"\(text)\""
            case .string: "a string"
            case .integer, .float: "a number"
            case .end: "the end of the tag"
            }
        return ChatTemplateError(.syntax(found: found, expected: expected), at: token.place)
    }

    // MARK: - Depth

    /// Reads what lies a level deeper.
    mutating func nested<Result>(
        _ read: (inout Parser) throws(ChatTemplateError) -> Result
    ) throws(ChatTemplateError) -> Result {
        guard nesting < Limits.nesting else { throw ChatTemplateError(.limit(.nesting), at: token.place) }
        nesting += 1
        defer { nesting -= 1 }
        return try read(&self)
    }

    /// An expression made of others.
    func expression(
        _ form: Expression.Form, _ place: Place, of parts: [Expression]
    ) throws(ChatTemplateError) -> Expression {
        let depth = 1 + (parts.map(\.depth).max() ?? 0)
        guard depth <= Limits.expressionDepth else { throw ChatTemplateError(.limit(.nesting), at: place) }
        return Expression(form, place, depth: depth)
    }
}

/// The names of a template with their numbers.
struct NameTable: Sendable {
    /// The numbers of the names that templates have of themselves.
    static let (loop, caller, varargs, kwargs, own) = (0, 1, 2, 3, 4)

    private(set) var all: [Name] = []
    private var known: [String: Name] = [:]

    init() {
        for name in ["loop", "caller", "varargs", "kwargs", "self"] { _ = self[name] }
    }

    subscript(_ text: String) -> Name {
        mutating get {
            if let name = known[text] { return name }
            let name = Name(text, id: all.count)
            all.append(name)
            known[text] = name
            return name
        }
    }
}
