import Files

/// What stands after `is`.
extension Renderer {
    /// Tests of two values.
    private static let comparisons: [String: Comparison] = [
        "==": .equal, "eq": .equal, "equalto": .equal, "!=": .notEqual, "ne": .notEqual, "<": .less, "lt": .less,
        "lessthan": .less, "<=": .lessOrEqual, "le": .lessOrEqual, ">": .greater, "gt": .greater,
        "greaterthan": .greater, ">=": .greaterOrEqual, "ge": .greaterOrEqual, "in": .isIn,
    ]

    func test(_ name: String, _ value: Value, _ arguments: Arguments) throws(ChatTemplateError) -> Bool {
        if let comparison = Self.comparisons[name] {
            return try holds(comparison, value, try bind(arguments, name, ["other"], required: 1)[0] ?? .none)
        }
        if name == "divisibleby" || name == "sameas" {
            let other = try bind(arguments, name, [name == "sameas" ? "other" : "num"], required: 1)[0] ?? .none
            if name == "sameas" { return try isSame(value, other) }
            return try equals(try compute(.remainder, value, other), .integer(0))
        }
        guard arguments.positional.isEmpty, arguments.keywords.isEmpty else {
            throw wrong("the test \"\(name)\" takes no argument")
        }
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "odd", "even":
            return try equals(try compute(.remainder, value, .integer(2)), .integer(name == "odd" ? 1 : 0))
        case "lower", "upper":
            let text = try self.text(of: value)
            try spend(text.count)
            let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
            return name == "lower" ? Letters.isLower(scalars) : Letters.isUpper(scalars)
        case "filter": return Self.filterNames.contains(try hashable(value))
        case "test":
            return Self.isTest(try hashable(value))
        default:
            guard let answer = Self.isKind(name, value) else { throw error(.unsupported("the test \"\(name)\"")) }
            return answer
        }
    }

    static func isTest(_ name: String) -> Bool { comparisons[name] != nil || kinds.contains(name) }

    private func hashable(_ value: Value) throws(ChatTemplateError) -> String {
        switch value {
        case .list, .map, .view: _ = try key(value)
        default: break
        }
        return String(decoding: value.bytes ?? [], as: UTF8.self)
    }

    private static let kinds: Set<String> = [
        "odd", "even", "divisibleby", "defined", "undefined", "filter", "test", "none", "boolean", "false", "true",
        "integer", "float", "lower", "upper", "string", "mapping", "number", "sequence", "iterable", "callable",
        "sameas", "escaped",
    ]

    /// Whether a value is of a kind; nil if the kind is not known.
    private static func isKind(_ name: String, _ value: Value) -> Bool? {
        switch name {
        case "none": if case .none = value { true } else { false }
        case "boolean": if case .bool = value { true } else { false }
        case "true": if case .bool(true) = value { true } else { false }
        case "false": if case .bool(false) = value { true } else { false }
        case "integer": if case .integer = value { true } else { false }
        case "float": if case .float = value { true } else { false }
        case "number": value.number != nil
        case "string": value.bytes != nil
        case "escaped": if case .markup = value { true } else { false }
        case "mapping": if case .map = value { true } else { false }
        case "sequence":
            switch value {
            case .string, .markup, .list, .map, .range, .undefined: true
            default: false
            }
        case "iterable":
            switch value {
            case .string, .markup, .list, .map, .view, .range, .iterator, .loop, .undefined: true
            default: false
            }
        case "callable":
            switch value {
            case .callable, .loop, .joiner, .undefined: true
            default: false
            }
        default: nil
        }
    }

    /// Whether two values are one, as far as Python's small values are.
    private func isSame(_ a: Value, _ b: Value) throws(ChatTemplateError) -> Bool {
        switch (a, b) {
        case (.none, .none): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.string(let x), .string(let y)):
            try isSame(x, y)
        case (.list(let x), .list(let y)): x === y
        case (.map(let x), .map(let y)): x === y
        case (.namespace(let x), .namespace(let y)): x == y
        case (.cycler, .cycler), (.joiner, .joiner): try equals(a, b)
        default: false
        }
    }

    /// Python keeps one of each string of a character or none; of others it may have several that are equal.
    private func isSame(_ a: ByteString, _ b: ByteString) throws(ChatTemplateError) -> Bool {
        guard a == b else { return false }
        guard a.count <= 1 else { throw error(.unsupported("the test \"sameas\"")) }
        return true
    }
}
