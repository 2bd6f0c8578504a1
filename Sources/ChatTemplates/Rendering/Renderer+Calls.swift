import ByteJSON
import Files

/// Functions, macros and methods of mappings and lists.
extension Renderer {
    func call(_ target: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        switch target {
        case .callable(.global(let function)): return try call(function, arguments)
        case .callable(.macro(let number)):
            return try call(macros[number].function, home: macros[number].home, arguments)
        case .callable(.method(let receiver, let name)):
            switch receiver {
            case .string, .markup: return try call(name, ofString: receiver, arguments)
            case .map(let map): return try call(name, of: map, arguments)
            case .list(let list): return try call(name, of: list, arguments)
            case .loop(let loop): return try call(name, of: loop, arguments)
            case .cycler(let cycler): return try call(name, of: cycler, arguments)
            default: return .none
            }
        case .loop(let loop): return try call(loop, arguments)
        case .joiner(let joiner): return try call(joiner, arguments)
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
        case .cycler: return try cycler(arguments)
        case .joiner: return try joiner(arguments)
        // Its text is a random one.
        case .lipsum: throw error(.unsupported("the function \"lipsum\""))
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

    /// - Parameter home: the variables that the function was made with.
    func call(
        _ function: Function, home: Activation, _ arguments: Arguments
    ) throws(ChatTemplateError) -> Value {
        let name = function.name?.text ?? "caller"
        var keywords = arguments.keywords
        func take(_ name: String) -> Value? {
            guard let index = keywords.firstIndex(where: { $0.name == name }) else { return nil }
            return keywords.remove(at: index).value
        }
        var slots = [Value?](repeating: nil, count: function.slotCount)
        var isGivenCaller = false
        for (index, parameter) in function.parameters.enumerated() {
            let isPositional = index < arguments.positional.count
            slots[parameter.slot] = isPositional ? arguments.positional[index] : take(parameter.name.text)
            if parameter.name.id == NameTable.caller { isGivenCaller = true }
        }
        if let slot = function.caller, !isGivenCaller {
            let caller = take("caller") ?? .none
            slots[slot] = isNone(caller) ? .undefined(Missing("caller")) : caller
        }
        if let slot = function.kwargs {
            slots[slot] = try map(keywords.map { (.text($0.name), $0.value) })
        } else if let keyword = keywords.first {
            throw wrong("the macro \"\(name)\" has no argument \"\(keyword.name)\"")
        }
        let further = arguments.positional.dropFirst(function.parameters.count)
        if let slot = function.varargs {
            slots[slot] = try list(Array(further), isTuple: true)
        } else if !further.isEmpty {
            throw wrong("the macro \"\(name)\" takes \(function.parameters.count) arguments at most")
        }
        let inner = try activate(slots, parent: home)
        return try nested { () throws(ChatTemplateError) in
            try running(in: inner) { () throws(ChatTemplateError) in try run(function) }
        }
    }

    private func run(_ function: Function) throws(ChatTemplateError) -> Value {
        let (text, _) = try captured { () throws(ChatTemplateError) in
            enter(function.block)
            for parameter in function.parameters where activation.slots[parameter.slot] == nil {
                let standard = try parameter.standard.map { part throws(ChatTemplateError) in try evaluate(part) }
                bind(parameter.slot, to: standard ?? .undefined(Missing(parameter.name.text)))
            }
            return try run(function.block.body)
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
