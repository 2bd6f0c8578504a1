/// Finds which of some names are read in statements, inner blocks included, before they are assigned there.
struct UndeclaredNames {
    private var names: Set<Int>
    private(set) var found: Set<Int> = []

    init(_ names: Set<Int>, in statements: [Statement]) {
        self.names = names
        visit(statements)
    }

    private mutating func visit(_ statements: [Statement]) {
        for statement in statements where !names.isSubset(of: found) { visit(statement) }
    }

    private mutating func visit(_ expression: Expression) {
        if case .name(let name) = expression.form, names.contains(name.id) { found.insert(name.id) }
        for part in expression.parts { visit(part) }
    }

    private mutating func assign(_ target: Target) {
        switch target {
        case .name(let name): names.remove(name.id)
        case .attribute: break
        case .tuple(let parts, _): for part in parts { assign(part) }
        }
    }

    private mutating func visit(_ macro: Macro) {
        for parameter in macro.parameters { names.remove(parameter.name.id) }
        for parameter in macro.parameters { if let standard = parameter.standard { visit(standard) } }
        visit(macro.body)
    }

    /// The order within a statement is that of the parts of jinja2's nodes.
    private mutating func visit(_ statement: Statement) {
        switch statement {
        case .output(let expressions): for expression in expressions { visit(expression) }
        case .condition(let branches, let otherwise):
            for branch in branches {
                visit(branch.test)
                visit(branch.body)
            }
            visit(otherwise)
        case .loop(let loop):
            assign(loop.target)
            visit(loop.values)
            visit(loop.body)
            visit(loop.otherwise)
            if let condition = loop.condition { visit(condition) }
        case .set(let target, let value):
            assign(target)
            visit(value)
        case .setBlock(let target, let filter, let body):
            assign(target)
            if let filter { visit(filter) }
            visit(body)
        case .with(let values, let body):
            for value in values { assign(value.target) }
            for value in values { visit(value.value) }
            visit(body)
        case .macro(_, let macro): visit(macro)
        case .callBlock(let call, let caller):
            visit(call)
            visit(caller)
        case .filterBlock(let filter, let body):
            visit(body)
            visit(filter)
        case .generation(let body), .scope(let body): visit(body)
        case .text, .leave, .next, .unsupported: break
        }
    }
}
