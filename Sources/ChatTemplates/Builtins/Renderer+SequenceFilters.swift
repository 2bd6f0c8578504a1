extension Renderer {
    /// Filters of elements in a row; nil for another filter.
    func sequenceFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        switch name {
        case "first":
            _ = try given([])
            return try iterator(over: value).next(self) ?? .undefined(Missing("the first element"))
        case "last":
            _ = try given([])
            switch value {
            case .iterator, .loop: throw wrong("\(value.kindName) has no last element")
            default: return try items(of: value).last ?? .undefined(Missing("the last element"))
            }
        case "join":
            let given = try given(["d", "attribute"])
            let path = try path(given[1] ?? .none)
            var texts: [[UInt8]] = []
            for item in try items(of: value) { texts.append(try text(of: try follow(path, from: item))) }
            return try string(try joined(texts, by: try text(of: given[0] ?? .text(""))))
        case "reverse":
            _ = try given([])
            if value.bytes != nil { return try slice(value, from: nil, to: nil, step: -1) }
            let items = try items(of: value)
            switch value {
            case .iterator, .loop: return try list(items.reversed())
            default: return try iterator(items.reversed())
            }
        case "sum":
            let given = try given(["attribute", "start"])
            let path = try path(given[0] ?? .none)
            var sum = given[1] ?? .integer(0)
            if sum.bytes != nil { throw wrong("strings are summed") }
            for item in try items(of: value) { sum = try compute(.add, sum, try follow(path, from: item)) }
            return sum
        case "batch":
            let given = try given(["linecount", "fill_with"], 1)
            return try batches(value, given[0] ?? .none, given[1] ?? .none)
        case "slice":
            let given = try given(["slices", "fill_with"], 1)
            return try slices(value, given[0] ?? .none, given[1] ?? .none)
        case "dictsort":
            let given = try given(["case_sensitive", "by", "reverse"])
            return try sortedMembers(value, given)
        default: return nil
        }
    }

    /// `items` of a mapping or of what is undefined; another value is wrong when they are gone through.
    func items(ofMapping value: Value) throws(ChatTemplateError) -> Value {
        var members: IteratorValue?
        let depth = min(try depth(of: [value]) + 1, Limits.valueDepth)
        return .iterator(
            IteratorValue(depth: depth) { renderer throws(ChatTemplateError) in
                if members == nil {
                    switch value {
                    case .undefined: members = IteratorValue([], depth: 0)
                    case .map(let map):
                        members = IteratorValue(try renderer.items(of: .view(MapView(map, .items))), depth: depth)
                    default: throw renderer.wrong("\(value.kindName) has no items")
                    }
                }
                return try members?.next(renderer)
            })
    }

    private func batches(_ value: Value, _ length: Value, _ fill: Value) throws(ChatTemplateError) -> Value {
        var source: IteratorValue?
        var batch: [Value] = []
        var isOver = false
        return .iterator(
            IteratorValue(depth: try depth(of: [value, length, fill])) { renderer throws(ChatTemplateError) in
                if source == nil { source = try renderer.iterator(over: value) }
                while !isOver, let item = try source?.next(renderer) {
                    let isFull = try renderer.equals(.integer(batch.count), length)
                    let full = batch
                    batch = isFull ? [item] : batch + [item]
                    if isFull { return try renderer.list(full) }
                }
                guard !isOver, !batch.isEmpty else { return nil }
                isOver = true
                if !renderer.isNone(fill), try renderer.isLess(.integer(batch.count), length) {
                    let missing = try renderer.integer(length, 1) - batch.count
                    try renderer.spend(items: missing)
                    batch += Array(repeating: fill, count: missing)
                }
                return try renderer.list(batch)
            })
    }

    private func slices(_ value: Value, _ count: Value, _ fill: Value) throws(ChatTemplateError) -> Value {
        var slices: IteratorValue?
        return .iterator(
            IteratorValue(depth: try depth(of: [value, count, fill])) { renderer throws(ChatTemplateError) in
                if slices == nil {
                    let lists = try renderer.slices(
                        of: try renderer.items(of: value), try renderer.integer(count, 1), fill)
                    slices = IteratorValue(lists, depth: Limits.valueDepth)
                }
                return try slices?.next(renderer)
            })
    }

    private func slices(of items: [Value], _ count: Int, _ fill: Value) throws(ChatTemplateError) -> [Value] {
        guard count != 0 else { throw wrong("a list is cut into 0 slices") }
        var slices: [Value] = []
        let (length, extra) = (items.count / count, items.count % count)
        var start = 0
        for number in 0..<max(count, 0) {
            let end = start + length + (number < extra ? 1 : 0)
            var slice = Array(items[start..<end])
            if !isNone(fill), number >= extra { slice.append(fill) }
            slices.append(try list(slice))
            start = end
        }
        return slices
    }

    private func sortedMembers(_ value: Value, _ given: [Value?]) throws(ChatTemplateError) -> Value {
        guard case .map(let map) = value else { throw wrong("\(value.kindName) has no members to sort") }
        let by = try given[1].map { value throws(ChatTemplateError) in try bytes(value) } ?? Array("key".utf8)
        guard by == Array("key".utf8) || by == Array("value".utf8) else {
            throw wrong("members are sorted by \"key\" or \"value\"")
        }
        var keys: [Value] = []
        for part in by == Array("key".utf8) ? map.keys : map.values {
            keys.append(try sortKey(part, isCaseSensitive: given[0]?.isTrue ?? false))
        }
        let members = try items(of: .view(MapView(map, .items)))
        return try list(try sorted(members, by: keys, reversed: given[2]?.isTrue ?? false))
    }
}
