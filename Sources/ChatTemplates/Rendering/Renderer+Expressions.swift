import Files

extension Renderer {
    func evaluate(_ expression: Expression) throws(ChatTemplateError) -> Value {
        try spend(1)
        switch expression.form {
        case .none: return .none
        case .bool(let value): return .bool(value)
        case .integer(let value): return .integer(value)
        case .float(let value): return .float(value)
        case .string(let value): return .string(value)
        case .markup(let value): return .markup(value)
        case .variable(let variable): return try value(of: variable)
        case .notFinite: throw wrong("a constant number is not finite")
        // Names are variables by the time that templates are rendered.
        case .name: throw notConstant
        default: return try nested { () throws(ChatTemplateError) in try evaluateParts(expression) }
        }
    }

    private func evaluateParts(_ expression: Expression) throws(ChatTemplateError) -> Value {
        switch expression.form {
        case .attribute(let base, let name):
            let value = try evaluate(base)
            place = expression.place
            return try attribute(name.text, of: value)
        case .and(let parts): return try evaluate(parts, until: false)
        case .or(let parts): return try evaluate(parts, until: true)
        case .not(let part): return .bool(!(try isTrue(try evaluate(part))))
        case .conditional(let value, let test, let otherwise):
            if try isTrue(try evaluate(test)) { return try evaluate(value) }
            if otherwise == nil, isFolding { throw notConstant }
            return try otherwise.map { part throws(ChatTemplateError) in try evaluate(part) }
                ?? .undefined(Missing("the value of an \"if\" without \"else\""))
        case .comparison(let first, let further): return try evaluate(first, further, expression.place)
        case .arithmetic(let first, let further): return try evaluate(first, further, expression.place)
        case .concatenation(let parts):
            var text: [UInt8] = []
            for part in parts {
                let bytes = try self.text(of: try evaluate(part))
                try spend(making: bytes.count)
                text += bytes
            }
            return .string(ByteString(text))
        case .item, .slice: return try evaluateItem(expression)
        case .call(let function, let arguments):
            guard !isFolding else { throw notConstant }
            let target = try evaluate(function)
            let given = try evaluate(arguments)
            place = expression.place
            return try call(target, given)
        case .filter: return try evaluate(expression, ofBlock: nil)
        case .test(let base, let name, let arguments):
            let value = try evaluate(base)
            let given = try evaluate(arguments)
            place = expression.place
            return .bool(try test(name.text, value, given))
        default: return try evaluateCollection(expression)
        }
    }

    private func evaluateCollection(_ expression: Expression) throws(ChatTemplateError) -> Value {
        switch expression.form {
        case .list(let parts): return try list(try evaluate(parts))
        case .tuple(let parts): return try list(try evaluate(parts), isTuple: true)
        case .dictionary(let members):
            var values: [(key: Value, value: Value)] = []
            for member in members { values.append((try evaluate(member.key), try evaluate(member.value))) }
            place = expression.place
            return try map(values)
        case .negative(let part), .positive(let part):
            let value = try evaluate(part)
            place = expression.place
            let isNegative = if case .negative = expression.form { true } else { false }
            if case .float(let number) = value { return .float(isNegative ? -number : number) }
            guard let number = value.integer else { throw wrong("\(value.kindName) has no sign") }
            guard !isNegative || number != .min else { throw error(.limit(.integerSize)) }
            return .integer(isNegative ? -number : number)
        default: return .none
        }
    }

    private func evaluate(_ parts: [Expression]) throws(ChatTemplateError) -> [Value] {
        var values: [Value] = []
        values.reserveCapacity(parts.count)
        for part in parts { values.append(try evaluate(part)) }
        return values
    }

    /// The first value that is true, or is not, or else the last one.
    private func evaluate(_ parts: [Expression], until end: Bool) throws(ChatTemplateError) -> Value {
        var value = Value.none
        for part in parts {
            value = try evaluate(part)
            if try isTrue(value) == end { return value }
        }
        return value
    }

    private func evaluateItem(_ expression: Expression) throws(ChatTemplateError) -> Value {
        switch expression.form {
        case .item(let base, let part):
            let value = try evaluate(base)
            let key = try evaluate(part)
            place = expression.place
            return try item(key, of: value)
        case .slice(let base, let from, let to, let step):
            let value = try evaluate(base)
            var bounds: [Value] = []
            for part in [from, to, step] {
                bounds.append(try part.map { part throws(ChatTemplateError) in try evaluate(part) } ?? .none)
            }
            place = expression.place
            if isFolding { return try constantSlice(value, bounds) }
            for bound in bounds where bound.integer == nil && !isNone(bound) {
                throw wrong("\(bound.kindName) cannot be a bound")
            }
            return try slice(value, from: bounds[0].integer, to: bounds[1].integer, step: bounds[2].integer ?? 1)
        default: return .none
        }
    }

    /// A filter and the filters before it.
    /// - Parameter block: the text of a block that the first filter is given.
    func evaluate(_ expression: Expression, ofBlock block: Value?) throws(ChatTemplateError) -> Value {
        guard case .filter(let base, let name, let arguments) = expression.form else { return try evaluate(expression) }
        let value: Value
        if let base {
            value =
                if let block { try nested { () throws(ChatTemplateError) in try evaluate(base, ofBlock: block) } } else
                { try evaluate(base) }
        } else {
            guard !isFolding else { throw notConstant }
            value = block ?? .none
        }
        let given = try evaluate(arguments)
        place = expression.place
        return try filter(name.text, value, given)
    }

    func evaluate(_ arguments: CallArguments) throws(ChatTemplateError) -> Arguments {
        var given = Arguments()
        for part in arguments.positional { given.positional.append(try evaluate(part)) }
        for keyword in arguments.keywords { given.keywords.append((keyword.name.text, try evaluate(keyword.value))) }
        if let list = arguments.list { given.positional += try items(of: try evaluate(list)) }
        if let map = arguments.map {
            let value = try evaluate(map)
            place = map.place
            guard case .map(let members) = value else {
                throw wrong("\(value.kindName) is given where a mapping belongs")
            }
            for (key, value) in zip(members.keys, members.values) {
                guard let name = key.bytes else { throw wrong("\(key.kindName) is given as the name of an argument") }
                given.keywords.append((String(decoding: name, as: UTF8.self), value))
            }
        }
        return given
    }

    private func evaluate(
        _ first: Expression, _ further: [(Comparison, Expression)], _ place: Place
    ) throws(ChatTemplateError) -> Value {
        var left = try evaluate(first)
        for (comparison, part) in further {
            let right = try evaluate(part)
            self.place = place
            guard try holds(comparison, left, right) else { return .bool(false) }
            left = right
        }
        return .bool(true)
    }

    private func evaluate(
        _ first: Expression, _ further: [(Operator, Expression)], _ place: Place
    ) throws(ChatTemplateError) -> Value {
        var left = try evaluate(first)
        for (op, part) in further {
            let right = try evaluate(part)
            self.place = place
            left = try compute(op, left, right)
        }
        return left
    }
}
