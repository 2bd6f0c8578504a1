/// The variable `loop` of a loop.
final class LoopState {
    let items: [Value]
    let depth: Int
    /// Levels of recursive loops around this one.
    let nesting: Int
    let loop: Loop
    /// The variables around the loop, while it runs.
    var scope: Renderer.Scope?
    var index = 0
    /// What `changed` was last asked with; nil before.
    var last: Value?

    init(_ loop: Loop, _ items: [Value], depth: Int, nesting: Int, scope: Renderer.Scope) {
        self.loop = loop
        self.items = items
        self.depth = depth
        self.nesting = nesting
        self.scope = scope
    }
}

extension Renderer {
    func run(_ loop: Loop) throws(ChatTemplateError) -> Flow {
        let values = try evaluate(loop.values)
        place = loop.values.place
        return try run(loop, over: values, nesting: 0)
    }

    /// - Parameter nesting: levels of recursive loops around it.
    private func run(_ loop: Loop, over values: Value, nesting: Int) throws(ChatTemplateError) -> Flow {
        var items = try items(of: values)
        if let condition = loop.condition {
            var chosen: [Value] = []
            for item in items {
                let isChosen = try scoped { () throws(ChatTemplateError) in
                    try assign(item, to: loop.target)
                    return try evaluate(condition).isTrue
                }
                if isChosen { chosen.append(item) }
            }
            items = chosen
        }
        guard !items.isEmpty else {
            return try scoped { () throws(ChatTemplateError) in try run(loop.otherwise) }
        }
        var depth = 1
        for item in items { depth = max(depth, item.depth + 1) }
        guard depth <= Limits.valueDepth else { throw error(.limit(.valueDepth)) }
        let state = LoopState(loop, items, depth: depth, nesting: nesting, scope: scope)
        // A loop that ended holds neither itself nor what holds it.
        defer { (state.last, state.scope) = (nil, nil) }
        // As in jinja2, a body that is left early in each of its runs counts as none.
        var isComplete = false
        for index in items.indices {
            try spend(2)
            state.index = index
            let flow = try scoped { () throws(ChatTemplateError) in
                scope.values[NameTable.loop] = .loop(state)
                try assign(items[index], to: loop.target)
                return try run(loop.body)
            }
            if flow == .end { isComplete = true }
            if flow == .leave { break }
        }
        state.index = items.count - 1
        if isComplete { return .end }
        return try scoped { () throws(ChatTemplateError) in try run(loop.otherwise) }
    }

    /// A recursive loop that is called with the values of the next level.
    func call(_ state: LoopState, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard state.loop.isRecursive, let scope = state.scope else {
            throw wrong("the loop is called, and it is not marked with \"recursive\"")
        }
        guard arguments.positional.count == 1, arguments.keywords.isEmpty else {
            throw wrong("a loop is called with one value")
        }
        let (text, _) = try captured { () throws(ChatTemplateError) in
            try scoped(parent: scope) { () throws(ChatTemplateError) in
                try nested { () throws(ChatTemplateError) in
                    try run(state.loop, over: arguments.positional[0], nesting: state.nesting + 1)
                }
            }
        }
        return try string(text)
    }

    func attribute(_ name: String, of loop: LoopState) throws(ChatTemplateError) -> Value? {
        let (index, count) = (loop.index, loop.items.count)
        switch name {
        case "index": return .integer(index + 1)
        case "index0": return .integer(index)
        case "revindex": return .integer(count - index)
        case "revindex0": return .integer(count - index - 1)
        case "first": return .bool(index == 0)
        case "last": return .bool(index == count - 1)
        case "length": return .integer(count)
        case "depth": return .integer(loop.nesting + 1)
        case "depth0": return .integer(loop.nesting)
        case "previtem": return index > 0 ? loop.items[index - 1] : .undefined(Missing("loop.previtem"))
        case "nextitem": return index + 1 < count ? loop.items[index + 1] : .undefined(Missing("loop.nextitem"))
        case "cycle", "changed": return .callable(.method(.loop(loop), name))
        default: return nil
        }
    }

    func call(_ name: String, of loop: LoopState, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        if name == "cycle" {
            guard !arguments.positional.isEmpty else { throw wrong("\"loop.cycle\" is given nothing to go through") }
            return arguments.positional[loop.index % arguments.positional.count]
        }
        let value = try list(arguments.positional, isTuple: true)
        if let last = loop.last, try equals(last, value) { return .bool(false) }
        loop.last = value
        return .bool(true)
    }
}
