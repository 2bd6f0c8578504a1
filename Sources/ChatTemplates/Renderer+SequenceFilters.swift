extension Renderer {
    /// Filters of elements in a row; nil for another filter.
    func sequenceFilter(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Value? {
        func given(_ parameters: [String], _ required: Int = 0) throws(ChatTemplateError) -> [Value?] {
            try bind(arguments, name, parameters, required: required)
        }
        switch name {
        case "first":
            _ = try given([])
            if case .iterator(let iterator) = value {
                return iterator.next() ?? .undefined(Missing("the first element"))
            }
            return try items(of: value).first ?? .undefined(Missing("the first element"))
        case "last":
            _ = try given([])
            switch value {
            case .iterator: throw wrong("an iterator has no last element")
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
            if case .iterator = value { return try list(items.reversed()) }
            let kind =
                switch value {
                case .map: "dict_reversekeyiterator"
                case .list(let list) where !list.isTuple: "list_reverseiterator"
                default: "reversed"
                }
            return try iterator(items.reversed(), kind: kind)
        case "sum":
            let given = try given(["attribute", "start"])
            let path = try path(given[0] ?? .none)
            var sum = given[1] ?? .integer(0)
            if sum.bytes != nil { throw wrong("strings are summed") }
            for item in try items(of: value) { sum = try compute(.add, sum, try follow(path, from: item)) }
            return sum
        case "batch":
            let given = try given(["linecount", "fill_with"], 1)
            return try batches(try items(of: value), try integer(given[0], 1), given[1])
        case "slice":
            let given = try given(["slices", "fill_with"], 1)
            return try slices(try items(of: value), try integer(given[0], 1), given[1])
        case "dictsort":
            let given = try given(["case_sensitive", "by", "reverse"])
            return try sortedMembers(value, given)
        default: return nil
        }
    }

    private func batches(_ items: [Value], _ length: Int, _ fill: Value?) throws(ChatTemplateError) -> Value {
        var batches: [Value] = []
        var batch: [Value] = []
        for item in items {
            // As in jinja2, a length that is not positive never matches after the first element.
            if batch.count == length, !batch.isEmpty || length == 0 {
                batches.append(try list(batch))
                batch = []
            }
            batch.append(item)
        }
        if !batch.isEmpty {
            if let fill, !isNone(fill), batch.count < length {
                try spend(items: length - batch.count)
                batch += Array(repeating: fill, count: length - batch.count)
            }
            batches.append(try list(batch))
        }
        return try iterator(batches)
    }

    private func slices(_ items: [Value], _ count: Int, _ fill: Value?) throws(ChatTemplateError) -> Value {
        guard count != 0 else { throw wrong("a list is cut into 0 slices") }
        var slices: [Value] = []
        let (length, extra) = (items.count / count, items.count % count)
        var start = 0
        for number in 0..<max(count, 0) {
            let end = start + length + (number < extra ? 1 : 0)
            var slice = Array(items[start..<end])
            if let fill, !isNone(fill), number >= extra { slice.append(fill) }
            slices.append(try list(slice))
            start = end
        }
        return try iterator(slices)
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
