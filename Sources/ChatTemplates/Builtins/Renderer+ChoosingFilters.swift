extension Renderer {
    /// Filters that look into the elements; nil for another filter.
    func choosingFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        switch name {
        case "select", "reject", "selectattr", "rejectattr": return try chosen(name, value, arguments)
        case "map": return try transformed(value, arguments)
        case "sort":
            let given = try given(["reverse", "case_sensitive", "attribute"])
            let items = try items(of: value)
            let keys = try sortKeys(items, given[2] ?? .none, isCaseSensitive: given[1]?.isTrue ?? false)
            return try list(try sorted(items, by: keys, reversed: given[0]?.isTrue ?? false))
        case "unique":
            let given = try given(["case_sensitive", "attribute"])
            return try unique(value, by: given[1] ?? .none, isCaseSensitive: try isTrue(given[0] ?? .none))
        case "min", "max":
            let given = try given(["case_sensitive", "attribute"])
            let path = try path(given[1] ?? .none)
            var best: (item: Value, key: Value)?
            for item in try items(of: value) {
                let key = try sortKey(try follow(path, from: item), isCaseSensitive: given[0]?.isTrue ?? false)
                guard let known = best else {
                    best = (item, key)
                    continue
                }
                if try name == "min" ? isLess(key, known.key) : isLess(known.key, key) { best = (item, key) }
            }
            return best?.item ?? .undefined(Missing("the \(name) of nothing"))
        case "groupby":
            return try grouped(value, try given(["attribute", "default", "case_sensitive"], 1))
        default: return nil
        }
    }

    private func unique(
        _ value: Value, by attribute: Value, isCaseSensitive: Bool
    ) throws(ChatTemplateError) -> Value {
        try generator(over: value, holding: [attribute]) { renderer throws(ChatTemplateError) in
            let path = try renderer.path(attribute)
            var seen: Set<Key> = []
            var hasUndefined = false
            return { renderer, item throws(ChatTemplateError) in
                let part = try renderer.sortKey(
                    try renderer.follow(path, from: item), isCaseSensitive: isCaseSensitive)
                if part.isUndefined {
                    defer { hasUndefined = true }
                    return hasUndefined ? nil : item
                }
                try renderer.spend(making: 32)
                return seen.insert(try renderer.key(part)).inserted ? item : nil
            }
        }
    }

    /// `select` and those like it: what is wrong with them is wrong when they are gone through.
    private func chosen(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        try lazy(value, arguments) { renderer throws(ChatTemplateError) in
            var arguments = arguments
            var path: [Value] = []
            if name.hasSuffix("attr") {
                guard !arguments.positional.isEmpty else {
                    throw renderer.wrong("\"\(name)\" is not given an attribute")
                }
                path = try renderer.path(arguments.positional.removeFirst())
            }
            var test: String?
            if !arguments.positional.isEmpty {
                test = String(decoding: try renderer.bytes(arguments.positional.removeFirst()), as: UTF8.self)
            }
            let keepsTrue = name.hasPrefix("select")
            return { renderer, item throws(ChatTemplateError) in
                let part = try renderer.follow(path, from: item)
                let holds =
                    if let test { try renderer.test(test, part, arguments) } else { try renderer.isTrue(part) }
                return holds == keepsTrue ? item : nil
            }
        }
    }

    private func transformed(_ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value {
        try lazy(value, arguments) { renderer throws(ChatTemplateError) in
            var arguments = arguments
            if arguments.positional.isEmpty,
                let attribute = arguments.keywords.first(where: { $0.name == "attribute" })
            {
                var standard: Value?
                for keyword in arguments.keywords where keyword.name != "attribute" {
                    guard keyword.name == "default" else {
                        throw renderer.wrong("\"map\" has no argument \"\(keyword.name)\"")
                    }
                    standard = renderer.isNone(keyword.value) ? nil : keyword.value
                }
                let path = try renderer.path(attribute.value)
                return { renderer, item throws(ChatTemplateError) in
                    try renderer.follow(path, from: item, default: standard)
                }
            }
            guard !arguments.positional.isEmpty else { throw renderer.wrong("\"map\" is not given a filter") }
            let name = String(decoding: try renderer.bytes(arguments.positional.removeFirst()), as: UTF8.self)
            return { renderer, item throws(ChatTemplateError) in
                try renderer.nested { () throws(ChatTemplateError) in try renderer.filter(name, item, arguments) }
            }
        }
    }

    /// A generator over a value; over nothing, whatever its arguments are, if the value is not true.
    private func lazy(
        _ value: Value, _ arguments: Arguments,
        _ begin: @escaping (Renderer) throws(ChatTemplateError) -> Step
    ) throws(ChatTemplateError) -> Value {
        try generator(over: value, holding: arguments.positional + arguments.keywords.map(\.value)) {
            renderer throws(ChatTemplateError) in
            try renderer.isTrue(value) ? try begin(renderer) : nil
        }
    }

    /// Keys of several attributes with commas between them.
    private func sortKeys(
        _ items: [Value], _ attribute: Value, isCaseSensitive: Bool
    ) throws(ChatTemplateError) -> [Value] {
        var paths: [[Value]] = []
        if let bytes = attribute.bytes {
            for part in String(decoding: bytes, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false) {
                paths.append(try path(.text(String(part))))
            }
        } else {
            paths = [try path(attribute)]
        }
        var keys: [Value] = []
        for item in items {
            var parts: [Value] = []
            for path in paths {
                parts.append(try sortKey(try follow(path, from: item), isCaseSensitive: isCaseSensitive))
            }
            keys.append(try list(parts))
        }
        return keys
    }

    private func grouped(_ value: Value, _ given: [Value?]) throws(ChatTemplateError) -> Value {
        let path = try path(given[0] ?? .none)
        var standard: Value?
        if let value = given[1], !isNone(value) { standard = value }
        let items = try items(of: value)
        var keys: [Value] = []
        for item in items {
            let part = try follow(path, from: item, default: standard)
            keys.append(try sortKey(part, isCaseSensitive: given[2]?.isTrue ?? false))
        }
        let order = try sorted(items.indices.map { .integer($0) }, by: keys, reversed: false).compactMap(\.integer)
        var groups: [Value] = []
        var start = 0
        while start < order.count {
            var end = start + 1
            while end < order.count, try equals(keys[order[start]], keys[order[end]]) { end += 1 }
            let members = order[start..<end].map { items[$0] }
            let name = try follow(path, from: members[0], default: standard)
            groups.append(try list([name, try list(members)], isTuple: true))
            start = end
        }
        return try list(groups)
    }
}
