import Files

/// A variable of a template: a place in the variables of a function.
struct Variable: Sendable {
    let name: Name
    /// How many functions further out it is kept.
    let hops: Int
    let slot: Int
    /// Whether it is bound by a call or a loop, so that it has a value wherever it can be read.
    let isParameter: Bool
}

/// What a variable of a block is when the block begins.
enum Load: Sendable {
    /// What the caller gives, or else what templates have of themselves.
    case context(Name)
    /// The variable of the same name further out.
    case alias(Variable)
    case undefined
}

/// What is assigned to, with variables.
indirect enum Assignment: Sendable {
    case variable(Variable)
    case attribute(Variable, Name, Place)
    case tuple([Assignment], Place)

    /// The namespaces whose attributes are set.
    var namespaces: [(variable: Variable, place: Place)] {
        switch self {
        case .variable: []
        case .attribute(let variable, _, let place): [(variable, place)]
        case .tuple(let parts, _): parts.flatMap(\.namespaces)
        }
    }
}

/// Statements with variables of their own.
struct Block: Sendable {
    let loads: [(slot: Int, load: Load)]
    /// All of its variables.
    let slots: [Int]
    let body: [Instruction]
}

/// A statement whose names are variables.
indirect enum Instruction: Sendable {
    case text(ByteString)
    case output([Expression])
    case condition([(test: Expression, body: [Instruction])], otherwise: [Instruction])
    case loop(CompiledLoop)
    case set(Assignment, Expression)
    case setBlock(Assignment, filter: Expression?, body: Block)
    case with([(target: Assignment, value: Expression)], body: Block)
    case macro(Variable, Function)
    case callBlock(Expression, caller: Function)
    case filterBlock(Expression, body: Block)
    case generation(Function)
    case scope(Block)
    case leave
    case next
    case unsupported(String, Place)
}

/// The template itself, a macro, or the body of a call block.
final class Function: Sendable {
    /// Nil for what is no macro.
    let name: Name?
    let parameters: [(name: Name, slot: Int, standard: Expression?)]
    /// The slots of `caller`, `kwargs` and `varargs`, each nil unless the body reads it.
    let caller: Int?
    let kwargs: Int?
    let varargs: Int?
    let slotCount: Int
    let block: Block

    init(
        name: Name?, parameters: [(name: Name, slot: Int, standard: Expression?)], caller: Int?, kwargs: Int?,
        varargs: Int?, slotCount: Int, block: Block
    ) {
        self.name = name
        self.parameters = parameters
        self.caller = caller
        self.kwargs = kwargs
        self.varargs = varargs
        self.slotCount = slotCount
        self.block = block
    }
}

final class CompiledLoop: Sendable {
    /// The condition of a loop, which is a function of its own.
    struct Condition: Sendable {
        let target: Assignment
        let test: Expression
        let block: Block
        let slotCount: Int
    }

    let target: Assignment
    let values: Expression
    let condition: Condition?
    /// The number of variables of a recursive loop, which is a function of its own; nil for another loop.
    let slotCount: Int?
    /// The variable `loop`; nil if the body does not read it.
    let loop: Int?
    let body: Block
    let otherwise: Block?

    init(
        target: Assignment, values: Expression, condition: Condition?, slotCount: Int?, loop: Int?, body: Block,
        otherwise: Block?
    ) {
        self.target = target
        self.values = values
        self.condition = condition
        self.slotCount = slotCount
        self.loop = loop
        self.body = body
        self.otherwise = otherwise
    }
}
