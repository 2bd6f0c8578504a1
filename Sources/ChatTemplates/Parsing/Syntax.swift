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
    /// Whether it may mean something else if it is computed when the template is read.
    let changesAsConstant: Bool

    init(_ form: Form, _ place: Place, depth: Int) {
        self.form = form
        self.place = place
        self.depth = depth
        changesAsConstant = form.dependsOnTime || form.parts.contains(where: \.changesAsConstant)
    }

    /// The expressions that it is made of.
    var parts: [Expression] { form.parts }

    enum Form: Sendable {
        case none
        case bool(Bool)
        case integer(Int)
        case float(Double)
        case string(ByteString)
        /// Text that is escaped; only constants that are computed have it.
        case markup(ByteString)
        /// A constant that jinja2 writes as a name that does not exist.
        case notFinite
        case name(Name)
        case variable(Variable)
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

        var parts: [Expression] {
            switch self {
            case .none, .bool, .integer, .float, .string, .markup, .notFinite, .name, .variable: []
            case .list(let parts), .tuple(let parts), .and(let parts), .or(let parts), .concatenation(let parts): parts
            case .dictionary(let members): members.flatMap { [$0.key, $0.value] }
            case .attribute(let part, _), .negative(let part), .positive(let part), .not(let part): [part]
            case .item(let base, let key): [base, key]
            case .slice(let base, let from, let to, let step): [base] + [from, to, step].compactMap { $0 }
            case .call(let function, let arguments): [function] + arguments.all
            case .filter(let base, _, let arguments): [base].compactMap { $0 } + arguments.all
            case .test(let base, _, let arguments): [base] + arguments.all
            case .arithmetic(let first, let further): [first] + further.map(\.1)
            case .comparison(let first, let further): [first] + further.map(\.1)
            case .conditional(let value, let test, let otherwise): [value, test] + [otherwise].compactMap { $0 }
            }
        }

        /// Whether the form itself is one whose meaning depends on when it is computed.
        fileprivate var dependsOnTime: Bool {
            switch self {
            case .slice, .notFinite: true
            case .float(let number): number > 1e100
            case .arithmetic(_, let further): further[0].0 == .power
            case .filter(_, let name, _): name.text == "float" || !Renderer.filterNames.contains(name.text)
            case .test(_, let name, _): !Renderer.isTest(name.text)
            default: false
            }
        }
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
    case macro(Name, Macro)
    case callBlock(Expression, caller: Macro)
    case filterBlock(Expression, body: [Statement])
    /// What the model writes, a function of its own in HuggingFace's library.
    case generation([Statement])
    /// What is only a block of its own.
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
    /// Nil for the body of a call block.
    let name: Name?
    let parameters: [(name: Name, standard: Expression?)]
    let body: [Statement]

    init(name: Name?, parameters: [(name: Name, standard: Expression?)], body: [Statement]) {
        self.name = name
        self.parameters = parameters
        self.body = body
    }
}
