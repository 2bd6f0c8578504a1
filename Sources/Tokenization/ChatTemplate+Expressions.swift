extension ChatTemplate {
    /// Reads expressions, by precedence from the lowest on.
    struct ExpressionParser {
        private static let depthLimit = 50
        /// The number of operators, items and filters in a tag, each of which may be nested in the next.
        private static let linkLimit = 250

        private let tokens: [Token]
        private var position = 0
        private var depth = 0
        private var links = 0

        /// - Parameter tokens: with the end of the tag as the last one.
        init(_ tokens: [Token]) { self.tokens = tokens }

        private var token: Token { tokens[position] }

        var place: Place { token.place }

        private mutating func advance() { position = Swift.min(position + 1, tokens.count - 1) }

        mutating func takes(_ sign: String) throws(ChatTemplateError) -> Bool {
            guard token.kind == .sign(sign) else { return false }
            advance()
            return true
        }

        mutating func takesName(_ name: String) throws(ChatTemplateError) -> Bool {
            guard token.kind == .name(name) else { return false }
            advance()
            return true
        }

        mutating func name(_ expected: String) throws(ChatTemplateError) -> String {
            guard case .name(let name) = token.kind else { throw unexpected(expected) }
            advance()
            return name
        }

        mutating func end() throws(ChatTemplateError) {
            guard token.kind == .end else { throw unexpected("the end of the tag") }
        }

        /// An expression around others.
        private mutating func node(_ kind: Expression.Kind, _ place: Place) throws(ChatTemplateError) -> Expression {
            links += 1
            guard links <= Self.linkLimit else {
                throw ChatTemplateError(.unsupported("an expression this long"), at: place)
            }
            return Expression(kind: kind, place: place)
        }

        private func unexpected(_ expected: String) -> ChatTemplateError {
            let found =
                switch token.kind {
                case .name(let name): "\"\(name)\""
                case .string: "a string"
                case .integer(let number): "\(number)"
                case .sign(let sign): "\"\(sign)\""
                case .end: "the end of the tag"
                }
            return ChatTemplateError(.syntax(found: found, expected: expected), at: place)
        }

        private mutating func expect(_ sign: String) throws(ChatTemplateError) {
            guard try takes(sign) else { throw unexpected("\"\(sign)\"") }
        }

        /// An expression that fills the tag.
        mutating func wholeExpression() throws(ChatTemplateError) -> Expression {
            let result = try expression()
            try end()
            return result
        }

        /// - Parameter withCondition: whether `if` may follow.
        mutating func expression(withCondition: Bool = true) throws(ChatTemplateError) -> Expression {
            depth += 1
            defer { depth -= 1 }
            guard depth <= Self.depthLimit else {
                throw ChatTemplateError(.unsupported("nesting this deep"), at: place)
            }
            var result = try disjunction()
            while withCondition, token.kind == .name("if") {
                let place = place
                advance()
                let condition = try disjunction()
                let otherwise = try takesName("else") ? try expression() : nil
                result = try node(.conditional(result, condition: condition, otherwise: otherwise), place)
            }
            return result
        }

        private mutating func disjunction() throws(ChatTemplateError) -> Expression {
            var result = try conjunction()
            while token.kind == .name("or") {
                let place = place
                advance()
                result = try node(.either(result, try conjunction()), place)
            }
            return result
        }

        private mutating func conjunction() throws(ChatTemplateError) -> Expression {
            var result = try negation()
            while token.kind == .name("and") {
                let place = place
                advance()
                result = try node(.both(result, try negation()), place)
            }
            return result
        }

        private mutating func negation() throws(ChatTemplateError) -> Expression {
            let start = place
            var count = 0
            while try takesName("not") { count += 1 }
            var result = try comparison()
            for _ in 0..<count { result = try node(.not(result), start) }
            return result
        }

        private mutating func comparison() throws(ChatTemplateError) -> Expression {
            let left = try sum()
            guard let (comparator, place) = try comparator() else { return left }
            let result = try node(.binary(comparator, left, try sum()), place)
            if let (_, place) = try self.comparator() {
                throw ChatTemplateError(.unsupported("a chain of comparisons"), at: place)
            }
            return result
        }

        private mutating func comparator() throws(ChatTemplateError) -> (Operator, Place)? {
            let place = place
            switch token.kind {
            case .sign(let sign) where ["==", "!=", "<", "<=", ">", ">="].contains(sign):
                advance()
                return Operator(rawValue: sign).map { ($0, place) }
            case .name("in"):
                advance()
                return (.isIn, place)
            case .name("not"):
                advance()
                guard try takesName("in") else { throw unexpected("\"in\"") }
                return (.isNotIn, place)
            default: return nil
            }
        }

        private mutating func sum() throws(ChatTemplateError) -> Expression {
            var result = try concatenation()
            while case .sign(let sign) = token.kind, sign == "+" || sign == "-" {
                let place = place
                advance()
                result = try node(.binary(sign == "+" ? .add : .subtract, result, try concatenation()), place)
            }
            return result
        }

        private mutating func concatenation() throws(ChatTemplateError) -> Expression {
            var result = try product()
            while token.kind == .sign("~") {
                let place = place
                advance()
                result = try node(.binary(.concatenate, result, try product()), place)
            }
            return result
        }

        private mutating func product() throws(ChatTemplateError) -> Expression {
            var result = try unary()
            while case .sign(let sign) = token.kind, ["*", "%", "/", "//", "**"].contains(sign) {
                let place = place
                guard let operation = Operator(rawValue: sign) else {
                    throw ChatTemplateError(.unsupported("the operator \"\(sign)\""), at: place)
                }
                advance()
                result = try node(.binary(operation, result, try unary()), place)
            }
            return result
        }

        private mutating func unary() throws(ChatTemplateError) -> Expression {
            let start = place
            if try takes("+") { throw ChatTemplateError(.unsupported("the sign \"+\" before a value"), at: start) }
            guard try takes("-") else { return try postfixed(try primary()) }
            let value = try postfixed(try primary(), allowsFilters: false)
            return try filtered(try node(.negative(value), start))
        }

        private mutating func primary() throws(ChatTemplateError) -> Expression {
            let place = place
            func literal(_ value: Value) -> Expression { Expression(kind: .literal(value), place: place) }
            switch token.kind {
            case .string(var text):
                advance()
                while case .string(let more) = token.kind {
                    text += more
                    advance()
                }
                return literal(.string(text))
            case .integer(let number):
                advance()
                return literal(.integer(number))
            case .name(let name):
                advance()
                switch name {
                case "true", "True": return literal(.bool(true))
                case "false", "False": return literal(.bool(false))
                case "none", "None": return literal(.none)
                default: break
                }
                guard token.kind == .sign("(") else { return try node(.variable(name), place) }
                return try call(name, place)
            case .sign("("):
                advance()
                let first = try expression()
                if try takes(")") { return first }
                try expect(",")
                return try node(.list([first] + (try list(until: ")"))), place)
            case .sign("["):
                advance()
                return try node(.list(try list(until: "]")), place)
            case .sign("{"):
                throw ChatTemplateError(.unsupported("a dictionary"), at: place)
            default:
                throw unexpected("a value")
            }
        }

        private mutating func list(until end: String) throws(ChatTemplateError) -> [Expression] {
            var items: [Expression] = []
            while try !takes(end) {
                items.append(try expression())
                if try takes(end) { break }
                try expect(",")
            }
            return items
        }

        private mutating func call(_ name: String, _ place: Place) throws(ChatTemplateError) -> Expression {
            advance()
            switch name {
            case "namespace":
                var members: [(name: String, value: Expression)] = []
                while try !takes(")") {
                    let name = try self.name("a name")
                    try expect("=")
                    members.append((name, try expression()))
                    if try takes(")") { break }
                    try expect(",")
                }
                return try node(.namespace(members), place)
            case "range":
                return try node(.range(try list(until: ")")), place)
            case "raise_exception":
                let arguments = try list(until: ")")
                guard arguments.count == 1 else { throw unexpected("one message before") }
                return try node(.raise(arguments[0]), place)
            default:
                throw ChatTemplateError(.unsupported("the function \"\(name)\""), at: place)
            }
        }

        private mutating func postfixed(
            _ value: Expression, allowsFilters: Bool = true
        ) throws(ChatTemplateError) -> Expression {
            var result = value
            while true {
                let place = place
                if try takes(".") {
                    if case .integer(let index) = token.kind {
                        advance()
                        let index = try node(.literal(.integer(index)), place)
                        result = try node(.item(result, index), place)
                        continue
                    }
                    let name = try name("an attribute")
                    if try takes("(") {
                        guard let method = Method(rawValue: name) else {
                            throw ChatTemplateError(.unsupported("the method \"\(name)\""), at: place)
                        }
                        result = try node(.method(method, result, try list(until: ")")), place)
                    } else {
                        let key = try node(.literal(.string(name)), place)
                        result = try node(.item(result, key), place)
                    }
                } else if try takes("[") {
                    result = try subscripted(result, place)
                } else if token.kind == .sign("(") {
                    throw ChatTemplateError(.unsupported("calling a value"), at: place)
                } else {
                    return allowsFilters ? try filtered(result) : result
                }
            }
        }

        private mutating func subscripted(
            _ value: Expression, _ place: Place
        ) throws(ChatTemplateError) -> Expression {
            var parts: [Expression?] = []
            var part: Expression?
            while true {
                if try takes("]") { break }
                if try takes(":") {
                    parts.append(part)
                    part = nil
                } else {
                    guard part == nil else { throw unexpected("\"]\"") }
                    part = try expression()
                }
            }
            if parts.isEmpty {
                guard let part else { throw unexpected("an index before") }
                return try node(.item(value, part), place)
            }
            parts.append(part)
            guard parts.count <= 3 else { throw unexpected("fewer parts before") }
            return try node(
                .slice(value, start: parts[0], end: parts[1], step: parts.count == 3 ? parts[2] : nil),
                place)
        }

        private mutating func filtered(_ value: Expression) throws(ChatTemplateError) -> Expression {
            var result = value
            while true {
                let place = place
                if try takes("|") {
                    let name = try name("a filter")
                    guard let filter = Filter(rawValue: name) else {
                        throw ChatTemplateError(.unsupported("the filter \"\(name)\""), at: place)
                    }
                    let arguments = try takes("(") ? try list(until: ")") : []
                    result = try node(.filter(filter, result, arguments), place)
                } else if try takesName("is") {
                    let isNegated = try takesName("not")
                    let name = try name("a test")
                    guard let test = Test(rawValue: name.lowercased()) else {
                        throw ChatTemplateError(.unsupported("the test \"\(name)\""), at: place)
                    }
                    result = try node(.test(test, result), place)
                    if isNegated { result = try node(.not(result), place) }
                } else {
                    return result
                }
            }
        }
    }
}
