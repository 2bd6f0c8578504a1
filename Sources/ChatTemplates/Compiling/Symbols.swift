/// The variables of a function while it is compiled.
final class FunctionScope {
    private struct Key: Hashable {
        let level: Int
        let name: Int
    }

    let parent: FunctionScope?
    private var slots: [Key: Int] = [:]

    init(parent: FunctionScope?) { self.parent = parent }

    var count: Int { slots.count }

    /// The slot that a variable is kept in. Blocks side by side have their variables of one name in one place, as in
    /// the Python that jinja2 makes, which macros see that outlive the block.
    func slot(of name: Name, level: Int) -> Int {
        let key = Key(level: level, name: name.id)
        if let slot = slots[key] { return slot }
        slots[key] = slots.count
        return slots.count - 1
    }
}

/// The names that a block has as its own variables.
struct Symbols {
    enum Origin {
        case parameter
        case context
        case alias
        case undefined
    }

    private(set) var origins: [Int: (name: Name, origin: Origin)] = [:]
    private var stored: Set<Int> = []

    fileprivate mutating func define(_ name: Name, _ origin: Origin) { origins[name.id] = (name, origin) }

    mutating func declare(_ name: Name) {
        stored.insert(name.id)
        define(name, .parameter)
    }

    mutating func load(_ name: Name, in frame: Frame) {
        if origins[name.id] == nil, frame.parent?.owner(of: name) == nil { define(name, .context) }
    }

    mutating func store(_ name: Name, in frame: Frame) {
        stored.insert(name.id)
        guard origins[name.id] == nil else { return }
        define(name, frame.parent?.owner(of: name) == nil ? .undefined : .alias)
    }

    /// Takes over what the branches of a condition define: what only branches set may keep its outer value.
    mutating func merge(_ branches: [Symbols], in frame: Frame) {
        var onlyInBranches: Set<Int> = []
        for branch in branches { onlyInBranches.formUnion(branch.stored.subtracting(stored)) }
        for branch in branches {
            origins.merge(branch.origins) { $1 }
            stored.formUnion(branch.stored)
        }
        for id in onlyInBranches {
            guard let name = origins[id]?.name else { continue }
            define(name, frame.parent?.owner(of: name) == nil ? .context : .alias)
        }
    }
}

/// A block while it is compiled.
final class Frame {
    let parent: Frame?
    let function: FunctionScope
    let level: Int
    var symbols = Symbols()

    init(parent: Frame?, function: FunctionScope) {
        self.parent = parent
        self.function = function
        level = parent.map { $0.level + 1 } ?? 0
    }

    /// The block whose variable a name means.
    func owner(of name: Name) -> Frame? {
        var frame: Frame? = self
        while let here = frame {
            if here.symbols.origins[name.id] != nil { return here }
            frame = here.parent
        }
        return nil
    }

    // MARK: - Analysis

    func declare(_ target: Target) {
        switch target {
        case .name(let name): symbols.declare(name)
        case .attribute(let name, _, _): symbols.load(name, in: self)
        case .tuple(let parts, _): for part in parts { declare(part) }
        }
    }

    func analyze(_ expressions: [Expression]) { for expression in expressions { visit(expression, &symbols) } }

    func analyze(_ statements: [Statement]) { for statement in statements { visit(statement, &symbols) } }

    private func visit(_ expression: Expression, _ symbols: inout Symbols) {
        if case .name(let name) = expression.form { return symbols.load(name, in: self) }
        for part in expression.parts { visit(part, &symbols) }
    }

    private func store(_ target: Target, _ symbols: inout Symbols) {
        switch target {
        case .name(let name): symbols.store(name, in: self)
        case .attribute(let name, _, _): symbols.load(name, in: self)
        case .tuple(let parts, _): for part in parts { store(part, &symbols) }
        }
    }

    /// The names that a statement reads and sets around its own blocks.
    private func visit(_ statement: Statement, _ symbols: inout Symbols) {
        switch statement {
        case .output(let expressions): for expression in expressions { visit(expression, &symbols) }
        case .condition(let branches, let otherwise):
            visit(branches[...], otherwise, &symbols)
        case .loop(let loop): visit(loop.values, &symbols)
        case .set(let target, let value):
            visit(value, &symbols)
            store(target, &symbols)
        case .setBlock(let target, _, _): store(target, &symbols)
        case .with(let values, _): for value in values { visit(value.value, &symbols) }
        case .macro(let name, _): symbols.store(name, in: self)
        case .callBlock(let call, _): visit(call, &symbols)
        case .filterBlock(let filter, _): visit(filter, &symbols)
        case .text, .generation, .scope, .leave, .next, .unsupported: break
        }
    }

    private func visit(
        _ branches: ArraySlice<(test: Expression, body: [Statement])>, _ otherwise: [Statement],
        _ symbols: inout Symbols
    ) {
        guard let first = branches.first else { return }
        visit(first.test, &symbols)
        var body = symbols
        for statement in first.body { visit(statement, &body) }
        // The further branches are conditions of their own, one after the other, in jinja2.
        var further = symbols
        for branch in branches.dropFirst() { visit([branch], [], &further) }
        var last = symbols
        for statement in otherwise { visit(statement, &last) }
        symbols.merge([body, further, last], in: self)
    }
}
