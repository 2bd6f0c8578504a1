extension Renderer {
    func run(_ loop: CompiledLoop) throws(ChatTemplateError) -> Flow {
        let values = try evaluate(loop.values)
        place = loop.values.place
        guard loop.slotCount != nil else { return try run(loop, over: values, nesting: 0, home: activation) }
        try write(try text(of: try call(loop, over: values, nesting: 0, home: activation)))
        return .end
    }

    /// A recursive loop, which is a function.
    private func call(
        _ loop: CompiledLoop, over values: Value, nesting: Int, home: Activation
    ) throws(ChatTemplateError) -> Value {
        let slots = [Value?](repeating: nil, count: loop.slotCount ?? 0)
        let inner = try activate(slots, parent: home)
        let (text, _) = try captured { () throws(ChatTemplateError) in
            try running(in: inner) { () throws(ChatTemplateError) in
                try nested { () throws(ChatTemplateError) in
                    try run(loop, over: values, nesting: nesting, home: home)
                }
            }
        }
        return try string(text)
    }

    /// - Parameters:
    ///   - nesting: levels of recursive loops around it.
    ///   - home: the variables around it.
    private func run(
        _ loop: CompiledLoop, over values: Value, nesting: Int, home: Activation
    ) throws(ChatTemplateError) -> Flow {
        var values = values
        var source = try iterator(over: values)
        if let condition = loop.condition {
            source = try chosen(source, condition, home)
            values = .iterator(source)
        }
        let state = try loop.loop.map { slot throws(ChatTemplateError) in
            try loopState(loop, values, source, nesting: nesting, home: home)
        }
        if let slot = loop.loop { bind(slot, to: nil) }
        // As in jinja2, a body that is left early in each of its runs counts as none.
        var isComplete = false
        func next() throws(ChatTemplateError) -> Value? {
            if let state { return try state.next(self) }
            return try source.next(self)
        }
        while let item = try next() {
            try spend(1)
            try assign(item, to: loop.target)
            if let slot = loop.loop, let state { bind(slot, to: .loop(state)) }
            enter(loop.body)
            let flow = try run(loop.body.body)
            if flow == .end { isComplete = true }
            if flow == .leave { break }
        }
        // The variables of a function stay, for the macros that were made in it.
        if loop.slotCount == nil || loop.otherwise != nil { leave(loop.body) }
        guard !isComplete, let otherwise = loop.otherwise else { return .end }
        return try run(otherwise)
    }

    private func loopState(
        _ loop: CompiledLoop, _ values: Value, _ source: IteratorValue, nesting: Int, home: Activation
    ) throws(ChatTemplateError) -> LoopState {
        try spend(making: 128)
        // The elements of an iterator are not known yet, nor what "changed" is asked with.
        let depth = max(values.depth + 1, Limits.valueDepth / 2)
        guard depth <= Limits.valueDepth else { throw error(.limit(.valueDepth)) }
        return LoopState(
            loop, values, source, depth: depth, nesting: nesting, home: loop.slotCount == nil ? nil : home)
    }

    /// The elements for which the condition holds, which is computed for each when it is asked for.
    private func chosen(
        _ source: IteratorValue, _ condition: CompiledLoop.Condition, _ home: Activation
    ) throws(ChatTemplateError) -> IteratorValue {
        let inner = try activate([Value?](repeating: nil, count: condition.slotCount), parent: home)
        var isEntered = false
        return IteratorValue(depth: source.depth + 1) { renderer throws(ChatTemplateError) in
            try renderer.running(in: inner) { () throws(ChatTemplateError) in
                if !isEntered { renderer.enter(condition.block) }
                isEntered = true
                while let item = try source.next(renderer) {
                    try renderer.assign(item, to: condition.target)
                    guard try renderer.isTrue(try renderer.evaluate(condition.test)) else { continue }
                    // Several names are given on as a tuple, whatever they came in.
                    if case .tuple = condition.target { return try renderer.value(of: condition.target) }
                    return item
                }
                return nil
            }
        }
    }

    /// A recursive loop that is called with the values of the next level.
    func call(_ state: LoopState, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard let home = state.home else {
            throw wrong("the loop is called, and it is not marked with \"recursive\"")
        }
        guard arguments.positional.count == 1, arguments.keywords.isEmpty else {
            throw wrong("a loop is called with one value")
        }
        return try call(state.loop, over: arguments.positional[0], nesting: state.nesting + 1, home: home)
    }

    // MARK: - The variable "loop"

    func attribute(_ name: String, of loop: LoopState) throws(ChatTemplateError) -> Value? {
        switch name {
        case "index": return .integer(loop.index + 1)
        case "index0": return .integer(loop.index)
        case "revindex": return .integer(try loop.count(self) - loop.index)
        case "revindex0": return .integer(try loop.count(self) - loop.index - 1)
        case "first": return .bool(loop.index == 0)
        case "last": return .bool(try loop.peek(self) == nil)
        case "length": return .integer(try loop.count(self))
        case "depth": return .integer(loop.nesting + 1)
        case "depth0": return .integer(loop.nesting)
        case "previtem":
            guard loop.index != 0, let previous = loop.previous else {
                return .undefined(Missing("loop.previtem"))
            }
            return previous
        case "nextitem": return try loop.peek(self) ?? .undefined(Missing("loop.nextitem"))
        case "cycle", "changed": return .callable(.method(.loop(loop), name))
        default: return nil
        }
    }

    func call(_ name: String, of loop: LoopState, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        if name == "cycle" {
            guard !arguments.positional.isEmpty else { throw wrong("\"loop.cycle\" is given nothing to go through") }
            return arguments.positional[max(loop.index, 0) % arguments.positional.count]
        }
        let value = try list(arguments.positional, isTuple: true)
        if let last = loop.last, try equals(last, value) { return .bool(false) }
        // No value may hold itself.
        guard value.depth < loop.depth else { throw error(.limit(.valueDepth)) }
        loop.last = value
        return .bool(true)
    }
}
