import Files

/// Attributes, items and elements.
extension Renderer {
    /// `value.name`: an attribute or else an item.
    func attribute(_ name: String, of value: Value) throws(ChatTemplateError) -> Value {
        if case .undefined = value { throw wrong("\(value.kindName) is asked for \"\(name)\"") }
        if let attribute = try ownAttribute(name, of: value) { return attribute }
        if case .map(let map) = value, let item = map[.string(ByteString(name))] { return item }
        return .undefined(Missing(name, of: value.kindName))
    }

    /// `value[key]`: an item or else an attribute.
    func item(_ key: Value, of value: Value) throws(ChatTemplateError) -> Value {
        switch value {
        case .undefined: throw wrong("\(value.kindName) is asked for an item")
        case .map(let map):
            if let key = Key(key) {
                try spend(1)
                if let item = map[key] { return item }
            }
        case .list(let list):
            if let index = key.integer {
                if let index = Self.index(index, in: list.items.count) { return list.items[index] }
            }
        case .range(let range):
            if let index = key.integer {
                if let index = Self.index(index, in: range.count) { return .integer(range[index]) }
            }
        case .string(let text), .markup(let text):
            if let index = key.integer {
                if let scalar = try character(index, of: text.bytes) { return try string(scalar, like: value) }
            }
        default: break
        }
        guard let name = key.bytes.map({ String(decoding: $0, as: UTF8.self) }) else {
            return .undefined(Missing(try describe(key), of: value.kindName))
        }
        return try ownAttribute(name, of: value) ?? .undefined(Missing(name, of: value.kindName))
    }

    private func describe(_ key: Value) throws(ChatTemplateError) -> String {
        key.integer.map(String.init) ?? key.kindName
    }

    private static func index(_ index: Int, in count: Int) -> Int? {
        let index = index < 0 ? index + count : index
        return index >= 0 && index < count ? index : nil
    }

    private func ownAttribute(_ name: String, of value: Value) throws(ChatTemplateError) -> Value? {
        func method(_ safe: Set<String>, unsafe: Set<String> = []) throws(ChatTemplateError) -> Value? {
            if unsafe.contains(name) { return .undefined(Missing(name, isUnsafe: true)) }
            guard safe.contains(name) else { return nil }
            guard value.depth < Limits.valueDepth else { throw error(.limit(.valueDepth)) }
            try spend(making: 32)
            return .callable(.method(value, name))
        }
        switch value {
        case .string, .markup: return try method(MethodNames.string)
        case .map: return try method(MethodNames.map, unsafe: MethodNames.unsafeMap)
        case .list(let list):
            return list.isTuple
                ? try method(MethodNames.tuple) : try method(MethodNames.list, unsafe: MethodNames.unsafeList)
        case .namespace(let number): return namespaces[number].values[ByteString(name)]
        case .loop(let loop): return try attribute(name, of: loop)
        case .cycler(let cycler): return try attribute(name, of: cycler)
        case .joiner(let joiner):
            switch name {
            case "sep": return joiner.separator
            case "used": return .bool(joiner.isUsed)
            default: return nil
            }
        case .range(let range):
            switch name {
            case "start": return .integer(range.start)
            case "stop": return .integer(range.stop)
            case "step": return .integer(range.step)
            default: return nil
            }
        case .callable(.macro(let number)) where name == "name":
            return macros[number].function.name.map { .string($0.bytes) } ?? Value.none
        default: return nil
        }
    }

    // MARK: - Slices

    func slice(_ value: Value, from: Int?, to: Int?, step: Int) throws(ChatTemplateError) -> Value {
        func indices(_ count: Int) throws(ChatTemplateError) -> StrideTo<Int> {
            guard step != 0 else { throw wrong("a slice has steps of 0") }
            func bound(_ bound: Int?, _ standard: Int) -> Int {
                guard let bound else { return standard }
                let index = bound < 0 ? bound + count : bound
                return step > 0 ? min(max(index, 0), count) : min(max(index, -1), count - 1)
            }
            let start = bound(from, step > 0 ? 0 : count - 1)
            return stride(from: start, to: bound(to, step > 0 ? count : -1), by: step)
        }
        switch value {
        case .list(let list):
            var items: [Value] = []
            for index in try indices(list.items.count) { items.append(list.items[index]) }
            try spend(items: items.count)
            return .list(ListValue(items, isTuple: list.isTuple, depth: list.depth))
        case .string(let text), .markup(let text):
            if text.bytes.allSatisfy({ $0 < 0x80 }) {
                try spend(reading: text.count)
                var bytes: [UInt8] = []
                for index in try indices(text.count) { bytes.append(text.bytes[index]) }
                return try string(bytes, like: value)
            }
            let characters = try self.characters(of: text.bytes)
            var bytes: [UInt8] = []
            for index in try indices(characters.count) { bytes += characters[index] }
            return try string(bytes, like: value)
        case .range(let range):
            let indices = Array(try indices(range.count))
            let (start, step) = (range.start + (indices.first ?? 0) * range.step, range.step * step)
            return .range(
                RangeValue(start: start, stop: start + indices.count * step, step: step, count: indices.count))
        default: throw wrong("\(value.kindName) is cut")
        }
    }

    /// A slice of a constant, which is undefined where there is none.
    func constantSlice(_ value: Value, _ bounds: [Value]) throws(ChatTemplateError) -> Value {
        let isSliced =
            switch value {
            case .undefined: throw notConstant
            case .list, .string, .markup, .range: true
            default: false
            }
        guard isSliced, bounds.allSatisfy({ $0.integer != nil || isNone($0) }) else {
            return .undefined(Missing("a slice", of: value.kindName))
        }
        return try slice(value, from: bounds[0].integer, to: bounds[1].integer, step: bounds[2].integer ?? 1)
    }

    // MARK: - Elements

    /// What `if` sees: loops are true if they have elements.
    func isTrue(_ value: Value) throws(ChatTemplateError) -> Bool {
        if case .loop(let loop) = value { return try loop.count(self) > 0 }
        return value.isTrue
    }

    /// The elements that a value is gone through as.
    func items(of value: Value) throws(ChatTemplateError) -> [Value] {
        switch value {
        case .list(let list):
            try spend(list.items.count)
            return list.items
        case .map(let map):
            try spend(map.keys.count)
            return map.keys
        case .view(let view):
            if view.part == .keys { return view.map.keys }
            if view.part == .values { return view.map.values }
            try spend(items: 3 * view.map.keys.count)
            var items: [Value] = []
            for (key, value) in zip(view.map.keys, view.map.values) {
                items.append(try list([key, value], isTuple: true))
            }
            return items
        case .range(let range):
            try spend(items: range.count)
            return (0..<range.count).map { .integer(range[$0]) }
        case .iterator, .loop:
            let iterator = try iterator(over: value)
            var items: [Value] = []
            while let item = try iterator.next(self) {
                try spend(items: 1)
                items.append(item)
            }
            return items
        case .string(let text), .markup(let text):
            var items: [Value] = []
            for character in try characters(of: text.bytes) { items.append(try string(character)) }
            return items
        case .undefined: return []
        default: throw wrong("\(value.kindName) cannot be gone through")
        }
    }

    /// The length that `length` gives; nil for what has none.
    func count(of value: Value) throws(ChatTemplateError) -> Int? {
        switch value {
        case .list(let list): return list.items.count
        case .map(let map): return map.keys.count
        case .view(let view): return view.map.keys.count
        case .range(let range): return range.count
        case .string(let text), .markup(let text):
            try spend(reading: text.count)
            return text.bytes.reduce(0) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
        case .undefined: return 0
        case .loop(let loop): return try loop.count(self)
        default: return nil
        }
    }
}
