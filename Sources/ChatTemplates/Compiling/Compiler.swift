/// Gives each name of a template its variable, by the rules that jinja2's compiler has for blocks and functions.
struct Compiler {
    /// The surroundings that an expression is compiled in.
    struct Context {
        let frame: Frame
        /// Whether unknown filters are errors only where they are reached: in conditions.
        var isSoft = false
        /// Whether the parameters of a macro get their standard values, and may have none yet.
        var bindsParameters = false

        var soft: Context {
            var context = self
            context.isSoft = true
            return context
        }
    }

    private let names: NameTable
    let folder = ConstantFolder()
    /// The innermost loop around what is compiled.
    private var loopPlace: Place?

    init(names: NameTable) { self.names = names }

    /// A whole template.
    static func compile(_ statements: [Statement], _ names: NameTable) throws(ChatTemplateError) -> Function {
        var compiler = Compiler(names: names)
        let frame = Frame(parent: nil, function: FunctionScope(parent: nil))
        let own = names.all[NameTable.own]
        if !UndeclaredNames([own.id], in: statements).found.isEmpty { frame.symbols.declare(own) }
        frame.analyze(statements)
        let block = try compiler.block(statements, frame)
        return Function(
            name: nil, parameters: [], caller: nil, kwargs: nil, varargs: nil, slotCount: frame.function.count,
            block: block)
    }

    // MARK: - Variables

    func variable(_ name: Name, _ context: Context, at place: Place) throws(ChatTemplateError) -> Variable {
        guard let owner = context.frame.owner(of: name), let origin = owner.symbols.origins[name.id]?.origin else {
            throw ChatTemplateError(
                .syntax(found: "\"\(name.text)\"", expected: "a name that the block around it has"), at: place)
        }
        var hops = 0
        var function = context.frame.function
        while function !== owner.function, let parent = function.parent {
            function = parent
            hops += 1
        }
        return Variable(
            name: name, hops: hops, slot: owner.function.slot(of: name, level: owner.level),
            isParameter: origin == .parameter && !context.bindsParameters)
    }

    private func assignment(
        _ target: Target, _ context: Context, isParameter: Bool = false
    ) throws(ChatTemplateError) -> Assignment {
        switch target {
        case .name(let name):
            if let loopPlace, !isParameter, name.id == NameTable.loop {
                throw ChatTemplateError(
                    .syntax(found: "an assignment to \"loop\"", expected: "another name"), at: loopPlace)
            }
            return .variable(try variable(name, context, at: Place(line: 1, column: 1)))
        case .attribute(let name, let attribute, let place):
            return .attribute(try variable(name, context, at: place), attribute, place)
        case .tuple(let targets, let place):
            var parts: [Assignment] = []
            for target in targets { parts.append(try assignment(target, context, isParameter: isParameter)) }
            return .tuple(parts, place)
        }
    }

    // MARK: - Blocks

    private mutating func block(_ statements: [Statement], _ frame: Frame) throws(ChatTemplateError) -> Block {
        let body = try compile(statements, Context(frame: frame))
        var loads: [(slot: Int, load: Load)] = []
        var slots: [Int] = []
        for (name, origin) in frame.symbols.origins.values.sorted(by: { $0.name.id < $1.name.id }) {
            let slot = frame.function.slot(of: name, level: frame.level)
            slots.append(slot)
            switch origin {
            case .parameter: break
            case .context: loads.append((slot, .context(name)))
            case .undefined: loads.append((slot, .undefined))
            case .alias:
                guard let parent = frame.parent else { continue }
                // A condition or a recursive loop keeps its variables in another function than the block around it.
                let outer = try variable(name, Context(frame: parent), at: Place(line: 1, column: 1))
                let hops = outer.hops + (parent.function === frame.function ? 0 : 1)
                loads.append(
                    (slot, .alias(Variable(name: name, hops: hops, slot: outer.slot, isParameter: false))))
            }
        }
        return Block(loads: loads, slots: slots, body: body)
    }

    /// A block in the same function.
    private mutating func inner(
        _ statements: [Statement], _ context: Context, declaring targets: [Target] = []
    ) throws(ChatTemplateError) -> (block: Block, frame: Frame) {
        let frame = Frame(parent: context.frame, function: context.frame.function)
        for target in targets { frame.declare(target) }
        frame.analyze(statements)
        return (try block(statements, frame), frame)
    }

    private mutating func compile(
        _ statements: [Statement], _ context: Context
    ) throws(ChatTemplateError) -> [Instruction] {
        var instructions: [Instruction] = []
        for statement in statements { instructions.append(try compile(statement, context)) }
        return instructions
    }

    private mutating func compile(
        _ statement: Statement, _ context: Context
    ) throws(ChatTemplateError) -> Instruction {
        switch statement {
        case .text(let text): return .text(text)
        case .output(let expressions):
            var outputs: [Expression] = []
            for expression in expressions { outputs.append(try output(expression, context)) }
            return .output(outputs)
        case .condition(let branches, let otherwise):
            let context = context.soft
            var compiled: [(test: Expression, body: [Instruction])] = []
            for branch in branches {
                compiled.append((try self.expression(branch.test, context), try compile(branch.body, context)))
            }
            return .condition(compiled, otherwise: try compile(otherwise, context))
        case .loop(let loop): return .loop(try self.loop(loop, context))
        case .set(let target, let value):
            return .set(try assignment(target, context), try expression(value, context))
        case .setBlock(let target, let filter, let body):
            let (block, frame) = try inner(body, context)
            var compiled: Expression?
            if let filter { compiled = try expression(filter, Context(frame: frame)) }
            return .setBlock(try assignment(target, context), filter: compiled, body: block)
        case .with(let values, let body):
            let (block, frame) = try inner(body, context, declaring: values.map(\.target))
            var compiled: [(target: Assignment, value: Expression)] = []
            for (target, value) in values {
                compiled.append(
                    (
                        try assignment(target, Context(frame: frame), isParameter: true),
                        try expression(value, context)
                    ))
            }
            return .with(compiled, body: block)
        case .macro(let name, let macro):
            return .macro(
                try variable(name, context, at: Place(line: 1, column: 1)), try function(macro, context))
        case .callBlock(let call, let caller):
            let function = try function(caller, context)
            return .callBlock(try expression(call, context), caller: function)
        case .filterBlock(let filter, let body):
            let frame = Frame(parent: context.frame, function: context.frame.function)
            frame.analyze(body)
            frame.analyze([filter])
            let block = try block(body, frame)
            return .filterBlock(try expression(filter, Context(frame: frame)), body: block)
        case .generation(let body):
            let macro = Macro(name: nil, parameters: [], body: body)
            return .generation(try function(macro, context))
        case .scope(let body): return .scope(try inner(body, context).block)
        case .leave: return .leave
        case .next: return .next
        case .unsupported(let construct, let place): return .unsupported(construct, place)
        }
    }

    // MARK: - Functions

    private mutating func function(_ macro: Macro, _ context: Context) throws(ChatTemplateError) -> Function {
        let frame = Frame(parent: context.frame, function: FunctionScope(parent: context.frame.function))
        for parameter in macro.parameters { frame.symbols.declare(parameter.name) }
        frame.analyze(macro.parameters.compactMap(\.standard))
        frame.analyze(macro.body)
        let ids = macro.parameters.map(\.name.id)
        let place = macro.parameters.first?.standard?.place ?? Place(line: 1, column: 1)
        guard Set(ids).count == ids.count else {
            throw ChatTemplateError(
                .syntax(found: "two parameters of one name", expected: "another name"),
                at: place)
        }
        let read = UndeclaredNames([NameTable.caller, NameTable.kwargs, NameTable.varargs], in: macro.body).found
        func slot(_ id: Int) -> Int? {
            guard read.contains(id) else { return nil }
            let name = names.all[id]
            if !ids.contains(id) { frame.symbols.declare(name) }
            return ids.contains(id) && id != NameTable.caller
                ? nil : frame.function.slot(of: name, level: frame.level)
        }
        let (caller, kwargs, varargs) = (slot(NameTable.caller), slot(NameTable.kwargs), slot(NameTable.varargs))
        if caller != nil, macro.parameters.contains(where: { $0.name.id == NameTable.caller && $0.standard == nil }) {
            throw ChatTemplateError(
                .syntax(found: "the parameter \"caller\"", expected: "one with a standard value"), at: place)
        }
        var parameters: [(name: Name, slot: Int, standard: Expression?)] = []
        for parameter in macro.parameters {
            var standard: Expression?
            if let value = parameter.standard {
                standard = try expression(value, Context(frame: frame, bindsParameters: true))
            }
            parameters.append(
                (parameter.name, frame.function.slot(of: parameter.name, level: frame.level), standard))
        }
        let block = try block(macro.body, frame)
        return Function(
            name: macro.name, parameters: parameters, caller: caller, kwargs: kwargs, varargs: varargs,
            slotCount: frame.function.count, block: block)
    }

    private mutating func loop(_ loop: Loop, _ context: Context) throws(ChatTemplateError) -> CompiledLoop {
        let outerPlace = loopPlace
        loopPlace = loop.place
        defer { loopPlace = outerPlace }
        let function = loop.isRecursive ? FunctionScope(parent: context.frame.function) : context.frame.function
        let frame = Frame(parent: context.frame, function: function)
        let readsLoop = !UndeclaredNames([NameTable.loop], in: loop.body).found.isEmpty
        let name = names.all[NameTable.loop]
        if loop.isRecursive || readsLoop { frame.symbols.declare(name) }
        let loopSlot = loop.isRecursive || readsLoop ? function.slot(of: name, level: frame.level) : nil
        frame.declare(loop.target)
        frame.analyze(loop.body)
        let target = try assignment(loop.target, Context(frame: frame))
        let condition = try loop.condition.map { test throws(ChatTemplateError) in
            try self.condition(test, loop.target, context)
        }
        let body = try block(loop.body, frame)
        var otherwise: Block?
        if !loop.otherwise.isEmpty {
            let frame = Frame(parent: context.frame, function: function)
            frame.analyze(loop.otherwise)
            otherwise = try block(loop.otherwise, frame)
        }
        return CompiledLoop(
            target: target, values: try expression(loop.values, context), condition: condition,
            slotCount: loop.isRecursive ? function.count : nil, loop: loopSlot, body: body, otherwise: otherwise)
    }

    private mutating func condition(
        _ test: Expression, _ target: Target, _ context: Context
    ) throws(ChatTemplateError) -> CompiledLoop.Condition {
        let frame = Frame(parent: context.frame, function: FunctionScope(parent: context.frame.function))
        frame.declare(target)
        frame.analyze([test])
        let inner = Context(frame: frame)
        return CompiledLoop.Condition(
            target: try assignment(target, inner), test: try expression(test, inner),
            block: try block([], frame), slotCount: frame.function.count)
    }
}
