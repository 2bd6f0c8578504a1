extension ChatTemplate {
    /// A value while a template is rendered.
    indirect enum Value: Sendable {
        /// No such variable, attribute or item.
        case undefined
        case none
        case bool(Bool)
        case integer(Int)
        case string(String)
        case list([Value])
        case map([String: Value])
        /// The number of a namespace, whose attributes may be set.
        case namespace(Int)

        var isTrue: Bool {
            switch self {
            case .undefined, .none: false
            case .bool(let value): value
            case .integer(let value): value != 0
            case .string(let value): !value.isEmpty
            case .list(let value): !value.isEmpty
            case .map(let value): !value.isEmpty
            case .namespace: true
            }
        }

        /// The value as it is written out; nil for those whose form Python decides.
        var text: String? {
            switch self {
            case .undefined: ""
            case .none: "None"
            case .bool(let value): value ? "True" : "False"
            case .integer(let value): "\(value)"
            case .string(let value): value
            case .list, .map, .namespace: nil
            }
        }

        /// The value as a number; booleans are numbers too.
        var number: Int? {
            switch self {
            case .integer(let value): value
            case .bool(let value): value ? 1 : 0
            default: nil
            }
        }

        var kindName: String {
            switch self {
            case .undefined: "an undefined value"
            case .none: "none"
            case .bool: "a boolean"
            case .integer: "a number"
            case .string: "a string"
            case .list: "a list"
            case .map: "a mapping"
            case .namespace: "a namespace"
            }
        }

        /// Strings are compared character by character, not by what they look like.
        func equals(_ other: Value) -> Bool {
            if let a = number, let b = other.number { return a == b }
            switch (self, other) {
            case (.undefined, .undefined), (.none, .none): return true
            case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
            case (.list(let a), .list(let b)):
                return a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
            case (.map(let a), .map(let b)):
                return a.count == b.count && a.allSatisfy { key, value in b[key]?.equals(value) == true }
            case (.namespace(let a), .namespace(let b)): return a == b
            default: return false
            }
        }
    }
}
