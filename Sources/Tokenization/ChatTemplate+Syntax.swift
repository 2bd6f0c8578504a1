extension ChatTemplate {
    /// What a template does.
    indirect enum Statement: Sendable {
        case text(String)
        case output(Expression)
        case choice([(condition: Expression, body: [Statement])], otherwise: [Statement])
        case loop(variable: String, over: Expression, body: [Statement], otherwise: [Statement], Place)
        case set(name: String, Expression)
        case setAttribute(of: String, name: String, Expression, Place)
    }

    /// What has a value.
    struct Expression: Sendable {
        indirect enum Kind: Sendable {
            case literal(Value)
            case variable(String)
            case list([Expression])
            /// An attribute or an item.
            case item(Expression, Expression)
            case slice(Expression, start: Expression?, end: Expression?, step: Expression?)
            case not(Expression)
            case negative(Expression)
            case both(Expression, Expression)
            case either(Expression, Expression)
            case binary(Operator, Expression, Expression)
            case conditional(Expression, condition: Expression, otherwise: Expression?)
            case test(Test, Expression)
            case filter(Filter, Expression, [Expression])
            case method(Method, Expression, [Expression])
            case namespace([(name: String, value: Expression)])
            case range([Expression])
            case raise(Expression)
        }

        var kind: Kind
        var place: Place
    }

    enum Operator: String, Sendable {
        case equal = "=="
        case unequal = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
        case isIn = "in"
        case isNotIn = "not in"
        case add = "+"
        case subtract = "-"
        case multiply = "*"
        case modulo = "%"
        case concatenate = "~"
    }

    enum Test: String, Sendable {
        case defined, undefined, none, string, mapping, iterable, sequence, boolean, number, integer, odd, even
        case `true`, `false`
    }

    enum Filter: String, Sendable {
        case trim, length, count, upper, lower, first, last, string, `default`
    }

    enum Method: String, Sendable {
        case strip, lstrip, rstrip, startswith, endswith, split, upper, lower, replace
    }
}
