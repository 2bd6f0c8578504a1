extension Renderer {
    func holds(_ comparison: Comparison, _ a: Value, _ b: Value) throws(ChatTemplateError) -> Bool {
        switch comparison {
        case .equal: try equals(a, b)
        case .notEqual: !(try equals(a, b))
        case .less: try isLess(a, b)
        case .greater: try isLess(b, a)
        case .lessOrEqual: try isLess(a, b, orEqual: true)
        case .greaterOrEqual: try isLess(b, a, orEqual: true)
        case .isIn: try contains(b, a)
        case .notIn: !(try contains(b, a))
        }
    }

    func equals(_ a: Value, _ b: Value) throws(ChatTemplateError) -> Bool {
        try spend(1)
        if let x = a.integer, let y = b.integer { return x == y }
        if let x = a.number, let y = b.number { return x == y }
        if let x = a.bytes, let y = b.bytes {
            guard x.count == y.count else { return false }
            try spend(reading: x.count)
            return x == y
        }
        switch (a, b) {
        case (.undefined, .undefined), (.none, .none): return true
        case (.list(let x), .list(let y)):
            guard x.isTuple == y.isTuple, x.items.count == y.items.count else { return false }
            for (p, q) in zip(x.items, y.items) where !(try equals(p, q)) { return false }
            return true
        case (.map(let x), .map(let y)):
            guard x.keys.count == y.keys.count else { return false }
            for (key, value) in zip(x.keys, x.values) {
                guard let other = y[try self.key(key)], try equals(value, other) else { return false }
            }
            return true
        case (.range(let x), .range(let y)):
            return x.count == y.count && (x.count == 0 || x.start == y.start && (x.count == 1 || x.step == y.step))
        case (.view(let x), .view(let y)): return x === y
        case (.iterator(let x), .iterator(let y)): return x === y
        case (.namespace(let x), .namespace(let y)): return x == y
        case (.loop(let x), .loop(let y)): return x === y
        case (.cycler(let x), .cycler(let y)): return x === y
        case (.joiner(let x), .joiner(let y)): return x === y
        case (.callable(.macro(let x)), .callable(.macro(let y))): return x == y
        case (.callable(.global(let x)), .callable(.global(let y))): return x == y
        default: return false
        }
    }

    /// Order as Python has it: of numbers, of texts, of lists.
    func isLess(_ a: Value, _ b: Value, orEqual: Bool = false) throws(ChatTemplateError) -> Bool {
        try spend(1)
        if let x = a.integer, let y = b.integer { return x < y || orEqual && x == y }
        if let x = a.number, let y = b.number { return x < y || orEqual && x == y }
        if let x = a.bytes, let y = b.bytes {
            try spend(reading: min(x.count, y.count))
            return orEqual ? !y.lexicographicallyPrecedes(x) : x.lexicographicallyPrecedes(y)
        }
        if case .list(let x) = a, case .list(let y) = b, x.isTuple == y.isTuple {
            for (p, q) in zip(x.items, y.items) where !(try equals(p, q)) { return try isLess(p, q, orEqual: orEqual) }
            return x.items.count < y.items.count || orEqual && x.items.count == y.items.count
        }
        throw wrong("\(a.kindName) and \(b.kindName) have no order")
    }

    func contains(_ container: Value, _ value: Value) throws(ChatTemplateError) -> Bool {
        switch container {
        case .string(let text), .markup(let text):
            guard let part = value.bytes else { throw wrong("\(value.kindName) is looked for in a string") }
            return try find(part, in: text.bytes, from: 0) != nil
        case .map(let map): return try member(value, of: map) != nil
        case .view(let view) where view.part == .keys: return try member(value, of: view.map) != nil
        case .undefined: return false
        case .iterator, .loop:
            // What comes after it stays.
            let iterator = try iterator(over: container)
            while let item = try iterator.next(self) { if try equals(item, value) { return true } }
            return false
        case .list, .view, .range:
            for item in try items(of: container) where try equals(item, value) { return true }
            return false
        default: throw wrong("\(container.kindName) contains nothing")
        }
    }

    /// The member with a key; nil if there is none.
    func member(_ key: Value, of map: MapValue) throws(ChatTemplateError) -> Value? {
        switch key {
        // What is a key in Python, and of which no mapping here has one.
        case .undefined, .range, .iterator, .callable, .loop, .cycler, .joiner: nil
        default: map[try self.key(key)]
        }
    }

    /// Sorted from the smallest; what is equal keeps its order.
    func sorted(
        _ items: [Value], by keys: [Value], reversed: Bool
    ) throws(ChatTemplateError) -> [Value] {
        // A merge sort of our own, as the standard library's cannot stop with typed errors.
        var order = Array(items.indices)
        var width = 1
        while width < order.count {
            var merged: [Int] = []
            merged.reserveCapacity(order.count)
            for start in stride(from: 0, to: order.count, by: 2 * width) {
                let middle = min(start + width, order.count)
                let end = min(start + 2 * width, order.count)
                var (i, j) = (start, middle)
                while i < middle, j < end {
                    let takesSecond =
                        reversed
                        ? try isLess(keys[order[i]], keys[order[j]]) : try isLess(keys[order[j]], keys[order[i]])
                    merged.append(takesSecond ? order[j] : order[i])
                    if takesSecond { j += 1 } else { i += 1 }
                }
                merged += order[i..<middle]
                merged += order[j..<end]
            }
            order = merged
            width *= 2
        }
        return order.map { items[$0] }
    }
}
