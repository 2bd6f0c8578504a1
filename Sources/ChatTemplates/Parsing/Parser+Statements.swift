extension Parser {
    /// A statement whose name is read.
    mutating func statement(_ name: String, _ place: Place) throws(ChatTemplateError) -> Statement {
        switch name {
        case "if": return try condition()
        case "for": return try loop(place)
        case "set": return try set(place)
        case "with": return try with()
        case "macro":
            let name = try self.name()
            return .macro(name, try macro(name, try parameters(), end: "endmacro"))
        case "call": return try call(place)
        case "filter":
            let filter = try filters(nil, startsInside: true)
            return .filterBlock(filter, body: try block(until: "endfilter"))
        case "generation":
            // In jinja2 the body is a function of its own, which no loop around it can be left from.
            let outer = loopDepth
            loopDepth = 0
            defer { loopDepth = outer }
            return .generation(try block(until: "endgeneration"))
        case "print": return .output(try items(until: nil))
        case "break", "continue":
            guard loopDepth > 0 else {
                throw ChatTemplateError(
                    .syntax(found: "\"\(name)\"", expected: "a statement outside of a loop"), at: place)
            }
            return name == "break" ? .leave : .next
        case "autoescape":
            let isOff = token.kind == .name("false") && following == .end
            _ = try fullExpression()
            let body = try block(until: "endautoescape")
            return isOff ? .scope(body) : .unsupported("the statement \"autoescape\"", place)
        case "block":
            while token.kind != .end { skip() }
            _ = try block(until: "endblock")
            while token.kind != .end { skip() }
            return .unsupported("the statement \"block\"", place)
        case "include", "import", "from", "extends":
            while token.kind != .end { skip() }
            return .unsupported("the statement \"\(name)\"", place)
        case "elif", "else", "endif", "endfor", "endset", "endmacro", "endcall", "endfilter", "endwith", "endraw",
            "endgeneration", "endblock", "endautoescape":
            throw ChatTemplateError(.syntax(found: "\"\(name)\"", expected: "a statement"), at: place)
        default: throw ChatTemplateError(.unsupported("the statement \"\(name)\""), at: place)
        }
    }

    private mutating func condition() throws(ChatTemplateError) -> Statement {
        var branches: [(test: Expression, body: [Statement])] = []
        while true {
            let test = try tuple(hasConditions: false)
            try beginBody()
            let (body, end) = try statements(until: ["elif", "else", "endif"])
            branches.append((test, body))
            if end == "elif" { continue }
            return .condition(branches, otherwise: end == "else" ? try block(until: "endif") : [])
        }
    }

    private mutating func loop(_ place: Place) throws(ChatTemplateError) -> Statement {
        let target = try target(hasAttributes: false)
        try expect(name: "in")
        let values = try tuple(hasConditions: false, end: "recursive")
        let test = takes(name: "if") ? try fullExpression() : nil
        let isRecursive = takes(name: "recursive")
        try beginBody()
        loopDepth += 1
        let (body, end) = try statements(until: ["endfor", "else"])
        loopDepth -= 1
        // A recursive loop is a function of its own, which no loop around it can be left from.
        let outer = loopDepth
        if isRecursive { loopDepth = 0 }
        defer { loopDepth = outer }
        let otherwise = end == "else" ? try block(until: "endfor") : []
        return .loop(
            Loop(
                target: target, values: values, condition: test, isRecursive: isRecursive, body: body,
                otherwise: otherwise, place: place))
    }

    private mutating func set(_ place: Place) throws(ChatTemplateError) -> Statement {
        let target = try target(hasAttributes: true)
        if takes(sign: "=") { return .set(target, try tuple()) }
        let filter = sees(sign: "|") ? try filters(nil, startsInside: false) : nil
        return .setBlock(target, filter: filter, body: try block(until: "endset"))
    }

    private mutating func with() throws(ChatTemplateError) -> Statement {
        var values: [(target: Target, value: Expression)] = []
        while token.kind != .end, !sees(sign: ":") {
            if !values.isEmpty { try expect(sign: ",") }
            let target = try target(hasAttributes: false)
            try expect(sign: "=")
            values.append((target, try fullExpression()))
        }
        return .with(values, body: try block(until: "endwith"))
    }

    private mutating func call(_ place: Place) throws(ChatTemplateError) -> Statement {
        let parameters = sees(sign: "(") ? try parameters() : []
        let call = try fullExpression()
        guard case .call = call.form else {
            throw ChatTemplateError(.syntax(found: "another expression", expected: "a call"), at: place)
        }
        return .callBlock(call, caller: try macro(nil, parameters, end: "endcall"))
    }

    private mutating func macro(
        _ name: Name?, _ parameters: [(name: Name, standard: Expression?)], end: String
    ) throws(ChatTemplateError) -> Macro {
        let outer = loopDepth
        loopDepth = 0
        defer { loopDepth = outer }
        return Macro(name: name, parameters: parameters, body: try block(until: end))
    }

    private mutating func parameters() throws(ChatTemplateError) -> [(name: Name, standard: Expression?)] {
        var parameters: [(name: Name, standard: Expression?)] = []
        try expect(sign: "(")
        while !sees(sign: ")") {
            if !parameters.isEmpty { try expect(sign: ",") }
            let name = try self.name()
            let standard = takes(sign: "=") ? try fullExpression() : nil
            if standard == nil, parameters.last?.standard != nil {
                throw unexpected("a default value after one with a default value")
            }
            parameters.append((name, standard))
        }
        skip()
        return parameters
    }

    // MARK: - Targets

    private mutating func target(hasAttributes: Bool) throws(ChatTemplateError) -> Target {
        let place = token.place
        var targets: [Target] = []
        var isTuple = false
        while true {
            if token.kind == .end || sees(sign: ")") || sees(name: "in") || sees(sign: "=") { break }
            targets.append(try singleTarget(hasAttributes: hasAttributes))
            guard takes(sign: ",") else { break }
            isTuple = true
        }
        guard isTuple else {
            guard let target = targets.first else { throw unexpected("a name") }
            return target
        }
        return .tuple(targets, place)
    }

    private mutating func singleTarget(hasAttributes: Bool) throws(ChatTemplateError) -> Target {
        let place = token.place
        if takes(sign: "(") {
            let target = try nested { parser throws(ChatTemplateError) in
                try parser.target(hasAttributes: hasAttributes)
            }
            try expect(sign: ")")
            return target
        }
        if case .name(let text) = token.kind, Self.constants.contains(text) { throw unexpected("a name") }
        let name = try self.name()
        if hasAttributes, takes(sign: ".") { return .attribute(name, try self.name(), place) }
        return .name(name)
    }
}
