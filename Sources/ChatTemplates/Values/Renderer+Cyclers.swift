/// What `cycler` makes: it gives its values one after the other, and begins again after the last one.
final class CyclerValue {
    let items: [Value]
    let depth: Int
    var position = 0

    init(_ items: [Value], depth: Int) {
        self.items = items
        self.depth = depth
    }
}

/// What `joiner` makes: it gives nothing when it is called first, and its separator afterwards.
final class JoinerValue {
    let separator: Value
    var isUsed = false

    init(_ separator: Value) { self.separator = separator }
}

extension Renderer {
    func cycler(_ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard arguments.keywords.isEmpty, !arguments.positional.isEmpty else {
            throw wrong("\"cycler\" takes one value or more")
        }
        try spend(items: 4 + arguments.positional.count)
        return .cycler(CyclerValue(arguments.positional, depth: try depth(of: arguments.positional)))
    }

    func joiner(_ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let separator = try bind(arguments, "joiner", ["sep"], required: 0)[0] ?? .text(", ")
        try spend(making: 64)
        _ = try depth(of: [separator])
        return .joiner(JoinerValue(separator))
    }

    func call(_ joiner: JoinerValue, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        _ = try bind(arguments, "joiner", [], required: 0)
        if joiner.isUsed { return joiner.separator }
        joiner.isUsed = true
        return .text("")
    }

    func attribute(_ name: String, of cycler: CyclerValue) throws(ChatTemplateError) -> Value? {
        switch name {
        case "items": return try list(cycler.items, isTuple: true)
        case "pos": return .integer(cycler.position)
        case "current": return cycler.items[cycler.position]
        case "next", "reset":
            _ = try depth(of: [.cycler(cycler)])
            try spend(making: 32)
            return .callable(.method(.cycler(cycler), name))
        default: return nil
        }
    }

    func call(_ name: String, of cycler: CyclerValue, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        _ = try bind(arguments, name, [], required: 0)
        guard name == "next" else {
            cycler.position = 0
            return .none
        }
        defer { cycler.position = (cycler.position + 1) % cycler.items.count }
        return cycler.items[cycler.position]
    }
}
