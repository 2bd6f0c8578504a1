import Files

/// A name in a template; each name exists once in a template.
final class Name: Sendable {
    let text: String
    let bytes: ByteString
    /// Its number among the names of the template.
    let id: Int

    init(_ text: String, id: Int) {
        self.text = text
        self.id = id
        bytes = ByteString(text)
    }
}

/// An expression and its place.
final class Expression: Sendable {
    let form: Form
    let place: Place
    /// Levels of expressions, this one included.
    let depth: Int

    init(_ form: Form, _ place: Place, depth: Int) {
        self.form = form
        self.place = place
        self.depth = depth
    }

    enum Form: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case float(Double)
        case string(ByteString)
        case name(Name)
        case list([Expression])
        case tuple([Expression])
        case dictionary([(key: Expression, value: Expression)])
        case attribute(Expression, Name)
        case item(Expression, Expression)
        case slice(Expression, from: Expression?, to: Expression?, step: Expression?)
        case call(Expression, CallArguments)
        /// The value is nil in the filter of a block.
        case filter(Expression?, Name, CallArguments)
        case test(Expression, Name, CallArguments)
        case negative(Expression)
        case positive(Expression)
        case not(Expression)
        case and([Expression])
        case or([Expression])
        /// `~`
        case concatenation([Expression])
        /// Operators of one precedence from left to right.
        case arithmetic(Expression, [(Operator, Expression)])
        case comparison(Expression, [(Comparison, Expression)])
        case conditional(Expression, if: Expression, else: Expression?)
    }
}

enum Operator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
}

enum Comparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case notIn = "not in"
}

/// What a call, a filter or a test is given.
struct CallArguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: Name, value: Expression)] = []
    /// `*values`
    var list: Expression?
    /// `**values`
    var map: Expression?

    var all: [Expression] { positional + keywords.map(\.value) + [list, map].compactMap { $0 } }
}

/// What is assigned to.
indirect enum Target: Sendable {
    case name(Name)
    case attribute(Name, Name, Place)
    case tuple([Target], Place)
}

indirect enum Statement: Sendable {
    case text(ByteString)
    case output([Expression])
    case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case set(Target, Expression)
    /// The value of a block, which may pass through a filter.
    case setBlock(Target, filter: Expression?, body: [Statement])
    case with([(target: Target, value: Expression)], body: [Statement])
    case macro(Macro)
    case callBlock(Expression, caller: Macro)
    case filterBlock(Expression, body: [Statement])
    /// What is only a scope: `{% generation %}`.
    case scope([Statement])
    case leave
    case next
    /// What is an error if it is reached.
    case unsupported(String, Place)
}

struct Loop: Sendable {
    var target: Target
    var values: Expression
    var condition: Expression?
    var isRecursive: Bool
    var body: [Statement]
    var otherwise: [Statement]
    var place: Place
}

/// A macro or the body of a call block.
final class Macro: Sendable {
    let name: Name
    let parameters: [(name: Name, standard: Expression?)]
    let body: [Statement]
    /// Which of `caller`, `varargs` and `kwargs` the body uses.
    let used: Set<String>

    init(
        name: Name, parameters: [(name: Name, standard: Expression?)], body: [Statement], used: Set<String>
    ) {
        self.name = name
        self.parameters = parameters
        self.body = body
        self.used = used
    }
}
