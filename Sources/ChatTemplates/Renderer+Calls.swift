import ByteJSON
import Files

/// Functions, macros and methods of mappings and lists.
extension Renderer {
    func call(_ target: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        switch target {
        case .callable(.global(let function)): return try call(function, arguments)
        case .callable(.macro(let number)): return try call(macro: number, arguments)
        case .callable(.method(let receiver, let name)):
            switch receiver {
            case .string, .markup: return try call(name, ofString: receiver, arguments)
            case .map(let map): return try call(name, of: map, arguments)
            case .list(let list): return try call(name, of: list, arguments)
            case .loop(let loop): return try call(name, of: loop, arguments)
            default: return .none
            }
        case .loop(let loop): return try call(loop, arguments)
        default: throw wrong("\(target.kindName) is called as a function")
        }
    }

    private func call(_ function: Callable.Global, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        switch function {
        case .range: return try range(arguments)
        case .dict: return try map(try members(arguments, "dict"))
        case .namespace:
            let members = try members(arguments, "namespace")
            try spend(making: 256)
            namespaces.append(Namespace())
            for member in members {
                try set(ByteString(try bytes(member.key)), of: namespaces.count - 1, to: member.value)
            }
            return .namespace(namespaces.count - 1)
        case .raiseException:
            let message = try bind(arguments, "raise_exception", ["message"], required: 1)[0] ?? .none
            throw error(.raised(String(decoding: try text(of: message), as: UTF8.self)))
        case .strftimeNow:
            let format = try bytes(try bind(arguments, "strftime_now", ["format"], required: 1)[0] ?? .none)
            try spend(making: 40 * format.count)
            guard let text = clock.text(String(decoding: format, as: UTF8.self)) else {
                throw error(.unsupported("a part of the time format \"\(String(decoding: format, as: UTF8.self))\""))
            }
            return .text(text)
        case .lipsum, .cycler, .joiner: throw error(.unsupported("the function \"\(function.rawValue)\""))
        }
    }

    /// The members of a mapping or of pairs, then those that are named.
    private func members(
        _ arguments: Arguments, _ function: String
    ) throws(ChatTemplateError) -> [(key: Value, value: Value)] {
        guard arguments.positional.count <= 1 else { throw wrong("\"\(function)\" takes one value") }
        var members: [(key: Value, value: Value)] = []
        if case .map(let map)? = arguments.positional.first {
            try spend(items: 2 * map.keys.count)
            members = zip(map.keys, map.values).map { ($0, $1) }
        } else if let pairs = arguments.positional.first {
            for pair in try items(of: pairs) {
                let parts = try items(of: pair)
                guard parts.count == 2 else { throw wrong("\"\(function)\" is given what is no pair") }
                members.append((parts[0], parts[1]))
            }
        }
        for (name, value) in arguments.keywords { members.append((.text(name), value)) }
        return members
    }

    private func range(_ arguments: Arguments) throws(ChatTemplateError) -> Value {
        guard (1...3).contains(arguments.positional.count), arguments.keywords.isEmpty else {
            throw wrong("\"range\" takes one to three numbers")
        }
        var numbers: [Int] = []
        for value in arguments.positional { numbers.append(try integer(value, 0)) }
        let (start, stop) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        guard step != 0 else { throw wrong("\"range\" has steps of 0") }
        let (distance, overflow) = stop.subtractingReportingOverflow(start)
        guard !overflow, step != .min, distance != .min else { throw error(.limit(.rangeLength)) }
        let isEmpty = step > 0 ? distance <= 0 : distance >= 0
        let count = isEmpty ? 0 : (abs(distance) - 1) / abs(step) + 1
        guard count <= Limits.rangeLength else { throw error(.limit(.rangeLength)) }
        guard !abs(start).addingReportingOverflow(abs(step)).overflow else { throw error(.limit(.integerSize)) }
        return .range(RangeValue(start: start, stop: stop, step: step, count: count))
    }

    // MARK: - Macros

    private func call(macro number: Int, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        let (macro, home) = macros[number]
        let name = macro.name.text
        var keywords = arguments.keywords
        func take(_ name: String) -> Value? {
            guard let index = keywords.firstIndex(where: { $0.name == name }) else { return nil }
            return keywords.remove(at: index).value
        }
        var values: [Int: Value] = [:]
        var missing: [(name: Name, standard: Expression?)] = []
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.positional.count {
                values[parameter.name.id] = arguments.positional[index]
            } else if let value = take(parameter.name.text) {
                values[parameter.name.id] = value
            } else {
                missing.append(parameter)
            }
        }
        if macro.used.contains("caller"), !macro.parameters.contains(where: { $0.name.text == "caller" }) {
            values[NameTable.caller] = take("caller") ?? .undefined(Missing("caller"))
        }
        if macro.used.contains("kwargs") {
            values[NameTable.kwargs] = try map(keywords.map { (.text($0.name), $0.value) })
        } else if let keyword = keywords.first {
            throw wrong("the macro \"\(name)\" has no argument \"\(keyword.name)\"")
        }
        let further = arguments.positional.dropFirst(macro.parameters.count)
        if macro.used.contains("varargs") {
            values[NameTable.varargs] = try list(Array(further), isTuple: true)
        } else if !further.isEmpty {
            throw wrong("the macro \"\(name)\" takes \(macro.parameters.count) arguments at most")
        }
        try spend(making: 64)
        return try nested { () throws(ChatTemplateError) in try run(macro, home, values, missing) }
    }

    private func run(
        _ macro: Macro, _ home: Scope, _ values: [Int: Value], _ missing: [(name: Name, standard: Expression?)]
    ) throws(ChatTemplateError) -> Value {
        let (text, _) = try captured { () throws(ChatTemplateError) in
            try scoped(parent: home) { () throws(ChatTemplateError) in
                scope.values = values
                for parameter in missing {
                    scope.values[parameter.name.id] =
                        try parameter.standard.map { standard throws(ChatTemplateError) in try evaluate(standard) }
                        ?? .undefined(Missing(parameter.name.text))
                }
                return try run(macro.body)
            }
        }
        return try string(text)
    }

    // MARK: - Methods

    private func call(
        _ name: String, of map: MapValue, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        switch name {
        case "get":
            guard arguments.keywords.isEmpty else { throw wrong("\"get\" has no named arguments") }
            let given = try bind(arguments, name, ["key", "default"], required: 1)
            return try member(given[0] ?? .none, of: map) ?? given[1] ?? .none
        case "items", "keys", "values":
            _ = try bind(arguments, name, [], required: 0)
            guard map.depth + 1 < Limits.valueDepth else { throw error(.limit(.valueDepth)) }
            try spend(making: 32)
            return .view(MapView(map, name == "items" ? .items : name == "keys" ? .keys : .values))
        case "copy": return .map(map)
        default: throw error(.unsupported("the method \"\(name)\" of mappings"))
        }
    }

    private func call(
        _ name: String, of list: ListValue, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        switch name {
        case "count":
            let value = try bind(arguments, name, ["value"], required: 1)[0] ?? .none
            var count = 0
            for item in list.items where try equals(item, value) { count += 1 }
            return .integer(count)
        case "index":
            let given = try bind(arguments, name, ["value", "start", "stop"], required: 1)
            let (from, to) = try bounds(given[1], given[2], list.items.count)
            for index in from..<max(from, to) where try equals(list.items[index], given[0] ?? .none) {
                return .integer(index)
            }
            throw wrong("a list does not hold what it is searched for")
        default: return .list(list)
        }
    }

    /// The bounds of a search, as Python's slices have them.
    func bounds(_ start: Value?, _ stop: Value?, _ count: Int) throws(ChatTemplateError) -> (Int, Int) {
        func bound(_ value: Value?, _ standard: Int) throws(ChatTemplateError) -> Int {
            guard let value, !isNone(value) else { return standard }
            let index = try integer(value, 0)
            return min(max(index < 0 ? index + count : index, 0), count)
        }
        return (try bound(start, 0), try bound(stop, count))
    }
}
