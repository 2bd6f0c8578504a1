/// Expressions: their variables, and the constants among them, which jinja2 computes when it reads a template.
extension Compiler {
    /// What is written: a constant as its text.
    func output(_ expression: Expression, _ context: Context) throws(ChatTemplateError) -> Expression {
        if expression.changesAsConstant, let text = try folder.text(of: expression) {
            return Expression(.string(text), expression.place, depth: 1)
        }
        return try self.expression(expression, context)
    }

    func expression(_ expression: Expression, _ context: Context) throws(ChatTemplateError) -> Expression {
        if expression.changesAsConstant, let literal = try folder.literal(of: expression) { return literal }
        switch expression.form {
        case .name(let name):
            let variable = try variable(name, context, at: expression.place)
            return Expression(.variable(variable), expression.place, depth: 1)
        case .float(let number) where !number.isFinite:
            return Expression(.notFinite, expression.place, depth: 1)
        case .filter(_, let name, _) where !context.isSoft && !Renderer.filterNames.contains(name.text):
            throw ChatTemplateError(.unsupported("the filter \"\(name.text)\""), at: expression.place)
        case .test(_, let name, _) where !context.isSoft && !Renderer.isTest(name.text):
            throw ChatTemplateError(.unsupported("the test \"\(name.text)\""), at: expression.place)
        case .conditional:
            return try expression.mapped { part throws(ChatTemplateError) in
                try self.expression(part, context.soft)
            }
        case .arithmetic(let first, let further) where further.first?.0 == .power:
            return try power(first, further, expression.place, context)
        default:
            return try expression.mapped { part throws(ChatTemplateError) in try self.expression(part, context) }
        }
    }

    /// In the Python that jinja2 makes, the sign of a constant base stands before the whole power; a power of constants it
    /// computes itself, and one without a value here keeps its base.
    private func power(
        _ first: Expression, _ further: [(Operator, Expression)], _ place: Place, _ context: Context
    ) throws(ChatTemplateError) -> Expression {
        func power(_ base: Expression, _ exponent: Expression) -> Expression {
            Expression(.arithmetic(base, [(.power, exponent)]), place, depth: 1 + max(base.depth, exponent.depth))
        }
        var base = try expression(first, context)
        if let literal = try folder.literal(of: base) { base = literal }
        for (_, part) in further {
            let exponent = try expression(part, context)
            if let literal = try folder.literal(of: power(base, exponent)) {
                base = literal
            } else if let positive = base.oppositeOfNegativeNumber, try folder.literal(of: exponent) == nil {
                let positive = power(positive, exponent)
                base = Expression(.negative(positive), place, depth: 1 + positive.depth)
            } else {
                base = power(base, exponent)
            }
        }
        return base
    }
}

extension Expression {
    /// The positive number of a negative literal.
    fileprivate var oppositeOfNegativeNumber: Expression? {
        switch form {
        case .integer(let number) where number < 0 && number != .min: Expression(.integer(-number), place, depth: 1)
        case .float(let number) where number.sign == .minus: Expression(.float(-number), place, depth: 1)
        default: nil
        }
    }

    /// The expression of other parts.
    func mapped(
        _ map: (Expression) throws(ChatTemplateError) -> Expression
    ) throws(ChatTemplateError) -> Expression {
        func all(_ parts: [Expression]) throws(ChatTemplateError) -> [Expression] {
            var mapped: [Expression] = []
            for part in parts { mapped.append(try map(part)) }
            return mapped
        }
        func all(_ arguments: CallArguments) throws(ChatTemplateError) -> CallArguments {
            var mapped = CallArguments(positional: try all(arguments.positional))
            for (name, value) in arguments.keywords { mapped.keywords.append((name, try map(value))) }
            if let list = arguments.list { mapped.list = try map(list) }
            if let members = arguments.map { mapped.map = try map(members) }
            return mapped
        }
        func optional(_ part: Expression?) throws(ChatTemplateError) -> Expression? {
            guard let part else { return nil }
            return try map(part)
        }
        let form: Form
        switch self.form {
        case .none, .bool, .integer, .float, .string, .markup, .name, .variable, .notFinite: return self
        case .list(let parts): form = .list(try all(parts))
        case .tuple(let parts): form = .tuple(try all(parts))
        case .dictionary(let members):
            var mapped: [(key: Expression, value: Expression)] = []
            for member in members { mapped.append((try map(member.key), try map(member.value))) }
            form = .dictionary(mapped)
        case .attribute(let base, let name): form = .attribute(try map(base), name)
        case .item(let base, let key): form = .item(try map(base), try map(key))
        case .slice(let base, let from, let to, let step):
            form = .slice(try map(base), from: try optional(from), to: try optional(to), step: try optional(step))
        case .call(let function, let arguments): form = .call(try map(function), try all(arguments))
        case .filter(let base, let name, let arguments):
            form = .filter(try optional(base), name, try all(arguments))
        case .test(let base, let name, let arguments): form = .test(try map(base), name, try all(arguments))
        case .negative(let part): form = .negative(try map(part))
        case .positive(let part): form = .positive(try map(part))
        case .not(let part): form = .not(try map(part))
        case .and(let parts): form = .and(try all(parts))
        case .or(let parts): form = .or(try all(parts))
        case .concatenation(let parts): form = .concatenation(try all(parts))
        case .arithmetic(let first, let further):
            var mapped: [(Operator, Expression)] = []
            for (op, part) in further { mapped.append((op, try map(part))) }
            form = .arithmetic(try map(first), mapped)
        case .comparison(let first, let further):
            var mapped: [(Comparison, Expression)] = []
            for (comparison, part) in further { mapped.append((comparison, try map(part))) }
            form = .comparison(try map(first), mapped)
        case .conditional(let value, let test, let otherwise):
            form = .conditional(try map(value), if: try map(test), else: try optional(otherwise))
        }
        return Expression(form, place, depth: depth)
    }
}
