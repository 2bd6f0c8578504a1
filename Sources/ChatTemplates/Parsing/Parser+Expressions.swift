extension Parser {
    static let constants: Set<String> = ["true", "false", "none", "True", "False", "None"]

    /// Expressions with commas between them are a tuple.
    /// - Parameter end: a name that ends it, beside the end of the tag and a closing parenthesis.
    mutating func tuple(
        hasConditions: Bool = true, end: String? = nil, mayBeEmpty: Bool = false
    ) throws(ChatTemplateError) -> Expression {
        let place = token.place
        var parts: [Expression] = []
        var isTuple = false
        while true {
            if token.kind == .end || sees(sign: ")") { break }
            if let end, sees(name: end) { break }
            parts.append(hasConditions ? try fullExpression() : try deeperOr())
            guard takes(sign: ",") else { break }
            isTuple = true
        }
        if !isTuple {
            if let first = parts.first { return first }
            guard mayBeEmpty else { throw unexpected("an expression") }
        }
        return try expression(.tuple(parts), place, of: parts)
    }

    /// An expression that may be a conditional one.
    mutating func fullExpression() throws(ChatTemplateError) -> Expression {
        try nested { parser throws(ChatTemplateError) in try parser.conditional() }
    }

    private mutating func deeperOr() throws(ChatTemplateError) -> Expression {
        try nested { parser throws(ChatTemplateError) in try parser.or() }
    }

    private mutating func conditional() throws(ChatTemplateError) -> Expression {
        let place = token.place
        var value = try or()
        while takes(name: "if") {
            let test = try or()
            let otherwise = takes(name: "else") ? try fullExpression() : nil
            value = try expression(
                .conditional(value, if: test, else: otherwise), place,
                of: [value, test] + [otherwise].compactMap { $0 })
        }
        return value
    }

    private mutating func or() throws(ChatTemplateError) -> Expression {
        let place = token.place
        var parts = [try and()]
        while takes(name: "or") { parts.append(try and()) }
        return parts.count == 1 ? parts[0] : try expression(.or(parts), place, of: parts)
    }

    private mutating func and() throws(ChatTemplateError) -> Expression {
        let place = token.place
        var parts = [try negation()]
        while takes(name: "and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : try expression(.and(parts), place, of: parts)
    }

    private mutating func negation() throws(ChatTemplateError) -> Expression {
        let place = token.place
        var count = 0
        while takes(name: "not") { count += 1 }
        var value = try comparison()
        for _ in 0..<count { value = try expression(.not(value), place, of: [value]) }
        return value
    }

    private mutating func comparison() throws(ChatTemplateError) -> Expression {
        let first = try sum()
        var further: [(Comparison, Expression)] = []
        var place = token.place
        while true {
            let here = token.place
            let comparison: Comparison
            if case .sign(let sign) = token.kind, let known = Comparison(rawValue: sign) {
                skip()
                comparison = known
            } else if takes(name: "in") {
                comparison = .isIn
            } else if sees(name: "not"), following == .name("in") {
                skip(2)
                comparison = .notIn
            } else {
                break
            }
            if further.isEmpty { place = here }
            further.append((comparison, try sum()))
        }
        if further.isEmpty { return first }
        return try expression(.comparison(first, further), place, of: [first] + further.map(\.1))
    }

    private mutating func chain(
        of signs: Set<String>, _ part: (inout Parser) throws(ChatTemplateError) -> Expression
    ) throws(ChatTemplateError) -> Expression {
        let first = try part(&self)
        let place = token.place
        var further: [(Operator, Expression)] = []
        while case .sign(let sign) = token.kind, signs.contains(sign), let known = Operator(rawValue: sign) {
            skip()
            further.append((known, try part(&self)))
        }
        if further.isEmpty { return first }
        return try expression(.arithmetic(first, further), place, of: [first] + further.map(\.1))
    }

    private mutating func sum() throws(ChatTemplateError) -> Expression {
        try chain(of: ["+", "-"]) { parser throws(ChatTemplateError) in try parser.concatenation() }
    }

    private mutating func concatenation() throws(ChatTemplateError) -> Expression {
        let place = token.place
        var parts = [try product()]
        while takes(sign: "~") { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try expression(.concatenation(parts), place, of: parts)
    }

    private mutating func product() throws(ChatTemplateError) -> Expression {
        try chain(of: ["*", "/", "//", "%"]) { parser throws(ChatTemplateError) in try parser.power() }
    }

    private mutating func power() throws(ChatTemplateError) -> Expression {
        try chain(of: ["**"]) { parser throws(ChatTemplateError) in try parser.unary() }
    }

    private mutating func unary() throws(ChatTemplateError) -> Expression {
        try filtersAndTests(try signed())
    }

    /// A value with the signs before it; what follows it binds tighter, but filters do not.
    private mutating func signed() throws(ChatTemplateError) -> Expression {
        var signs: [(isNegative: Bool, place: Place)] = []
        while sees(sign: "-") || sees(sign: "+") {
            signs.append((sees(sign: "-"), token.place))
            skip()
        }
        var value = try postfix(try primary())
        for sign in signs.reversed() {
            value = try expression(sign.isNegative ? .negative(value) : .positive(value), sign.place, of: [value])
        }
        return value
    }
}
