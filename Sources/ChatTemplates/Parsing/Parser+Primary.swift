import Files

extension Parser {
    /// A name, a literal or something in brackets.
    mutating func primary() throws(ChatTemplateError) -> Expression {
        let place = token.place
        switch token.kind {
        case .name(let text):
            skip()
            switch text {
            case "true", "True": return Expression(.bool(true), place, depth: 1)
            case "false", "False": return Expression(.bool(false), place, depth: 1)
            case "none", "None": return Expression(.none, place, depth: 1)
            default: return Expression(.name(names[text]), place, depth: 1)
            }
        case .string:
            var text = ""
            while case .string(let part) = token.kind {
                text += part
                skip()
            }
            return Expression(.string(ByteString(text)), place, depth: 1)
        case .integer(let value):
            skip()
            return Expression(.integer(value), place, depth: 1)
        case .float(let value):
            skip()
            return Expression(.float(value), place, depth: 1)
        case .sign("("):
            skip()
            let value = try tuple(mayBeEmpty: true)
            try expect(sign: ")")
            return value
        case .sign("["):
            skip()
            let items = try items(until: "]")
            return try expression(.list(items), place, of: items)
        case .sign("{"): return try dictionary(place)
        default: throw unexpected("an expression")
        }
    }

    /// Expressions up to a closing sign, which is read, or to the end of the tag.
    mutating func items(until end: String?) throws(ChatTemplateError) -> [Expression] {
        var items: [Expression] = []
        while true {
            if let end, takes(sign: end) { return items }
            if end == nil, token.kind == .end { return items }
            items.append(try fullExpression())
            if end == nil, token.kind == .end { return items }
            guard takes(sign: ",") else {
                guard let end, takes(sign: end) else { throw unexpected("\"\(end ?? ",")\"") }
                return items
            }
        }
    }

    private mutating func dictionary(_ place: Place) throws(ChatTemplateError) -> Expression {
        skip()
        var members: [(key: Expression, value: Expression)] = []
        while !takes(sign: "}") {
            if !members.isEmpty {
                try expect(sign: ",")
                if takes(sign: "}") { break }
            }
            let key = try fullExpression()
            try expect(sign: ":")
            members.append((key, try fullExpression()))
        }
        return try expression(.dictionary(members), place, of: members.flatMap { [$0.key, $0.value] })
    }

    // MARK: - What follows a value

    /// Attributes, items and calls.
    mutating func postfix(_ start: Expression) throws(ChatTemplateError) -> Expression {
        var value = start
        while true {
            let place = token.place
            if takes(sign: ".") {
                if case .integer(let index) = token.kind {
                    let item = Expression(.integer(index), token.place, depth: 1)
                    skip()
                    value = try expression(.item(value, item), place, of: [value, item])
                } else {
                    value = try expression(.attribute(value, try name()), place, of: [value])
                }
            } else if takes(sign: "[") {
                value = try subscripted(value, place)
            } else if sees(sign: "(") {
                value = try call(value, place)
            } else {
                return value
            }
        }
    }

    private mutating func call(_ value: Expression, _ place: Place) throws(ChatTemplateError) -> Expression {
        let arguments = try arguments()
        return try expression(.call(value, arguments), place, of: [value] + arguments.all)
    }

    private mutating func subscripted(_ value: Expression, _ place: Place) throws(ChatTemplateError) -> Expression {
        func isEnd() -> Bool { sees(sign: "]") || sees(sign: ",") || sees(sign: ":") }
        let from = isEnd() ? nil : try fullExpression()
        guard takes(sign: ":") else {
            guard let from, takes(sign: "]") else {
                if sees(sign: ",") { throw ChatTemplateError(.unsupported("an item with several keys"), at: place) }
                throw unexpected("an expression")
            }
            return try expression(.item(value, from), place, of: [value, from])
        }
        let to = isEnd() ? nil : try fullExpression()
        let step = takes(sign: ":") && !isEnd() ? try fullExpression() : nil
        try expect(sign: "]")
        return try expression(
            .slice(value, from: from, to: to, step: step), place, of: [value] + [from, to, step].compactMap { $0 })
    }

    /// What stands in the parentheses of a call.
    mutating func arguments() throws(ChatTemplateError) -> CallArguments {
        var arguments = CallArguments()
        try expect(sign: "(")
        while !takes(sign: ")") {
            let place = token.place
            if takes(sign: "*") {
                guard arguments.list == nil, arguments.map == nil else { throw unexpected("another argument") }
                arguments.list = try fullExpression()
            } else if takes(sign: "**") {
                guard arguments.map == nil else { throw unexpected("another argument") }
                arguments.map = try fullExpression()
            } else if case .name(let text) = token.kind, following == .sign("=") {
                guard arguments.map == nil else { throw unexpected("another argument") }
                skip(2)
                if arguments.keywords.contains(where: { $0.name.text == text }) {
                    throw ChatTemplateError(
                        .syntax(found: "\"\(text)\" for the second time", expected: "another argument"), at: place)
                }
                arguments.keywords.append((names[text], try fullExpression()))
            } else {
                guard arguments.keywords.isEmpty, arguments.list == nil, arguments.map == nil else {
                    throw unexpected("an argument with its name")
                }
                arguments.positional.append(try fullExpression())
            }
            if !sees(sign: ")") { try expect(sign: ",") }
        }
        return arguments
    }

    // MARK: - Filters and tests

    mutating func filtersAndTests(_ start: Expression) throws(ChatTemplateError) -> Expression {
        var value = start
        while true {
            if sees(sign: "|") {
                value = try filters(value, startsInside: false)
            } else if sees(name: "is") {
                value = try test(value)
            } else if sees(sign: "(") {
                value = try call(value, token.place)
            } else {
                return value
            }
        }
    }

    /// Filters one after the other.
    /// - Parameter startsInside: whether no `|` is before the first one.
    mutating func filters(_ start: Expression?, startsInside: Bool) throws(ChatTemplateError) -> Expression {
        var value = start
        var isInside = startsInside
        while isInside || sees(sign: "|") {
            if !isInside { skip() }
            isInside = false
            let place = token.place
            let name = try dottedName()
            let arguments = sees(sign: "(") ? try arguments() : CallArguments()
            value = try expression(
                .filter(value, name, arguments), place, of: [value].compactMap { $0 } + arguments.all)
        }
        guard let value else { throw unexpected("a filter") }
        return value
    }

    private mutating func dottedName() throws(ChatTemplateError) -> Name {
        var name = try self.name()
        while takes(sign: ".") { name = names[name.text + "." + (try self.name()).text] }
        return name
    }

    private mutating func test(_ value: Expression) throws(ChatTemplateError) -> Expression {
        let place = token.place
        skip()
        let isNegated = takes(name: "not")
        let name = try dottedName()
        var arguments = CallArguments()
        if sees(sign: "(") {
            arguments = try self.arguments()
        } else if beginsArgument {
            if sees(name: "is") { throw unexpected("the end of the expression") }
            arguments.positional = [
                try nested { parser throws(ChatTemplateError) in
                    try parser.postfix(try parser.primary())
                }
            ]
        }
        let test = try expression(.test(value, name, arguments), place, of: [value] + arguments.all)
        return isNegated ? try expression(.not(test), place, of: [test]) : test
    }

    /// Whether the argument of a test without parentheses is here.
    private var beginsArgument: Bool {
        switch token.kind {
        case .name(let name): !["else", "or", "and"].contains(name)
        case .string, .integer, .float, .sign("["), .sign("{"): true
        default: false
        }
    }
}
