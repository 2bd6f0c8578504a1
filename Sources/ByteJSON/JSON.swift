import Files

/// A JSON value whose strings keep their bytes and whose objects keep their order.
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    /// A number written without fraction or exponent that fits.
    case integer(Int)
    case number(Double)
    case string(ByteString)
    case array([JSON])
    case object(JSONObject)

    public var isNull: Bool { self == .null }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// An integer, also when it was written as `3.0`.
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    public var bytes: ByteString? {
        if case .string(let value) = self { value } else { nil }
    }

    public var string: String? { bytes?.string }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of an object; nil for anything else and for `null` members.
    public subscript(key: ByteString) -> JSON? {
        guard let value = object?[key], !value.isNull else { return nil }
        return value
    }
}

/// The members of a JSON object in their order, each key once.
public struct JSONObject: Sendable, Hashable {
    public private(set) var members: [(key: ByteString, value: JSON)] = []
    private var index: [ByteString: Int] = [:]

    public init() {}

    /// An object with these members; of those with the same key the first.
    public init(_ members: [(key: ByteString, value: JSON)]) {
        for member in members { _ = append(key: member.key, value: member.value) }
    }

    public var count: Int { members.count }

    public subscript(key: ByteString) -> JSON? { index[key].map { members[$0].value } }

    /// - Returns: false, and changes nothing, if the key is there already.
    mutating func append(key: ByteString, value: JSON) -> Bool {
        guard index.updateValue(members.count, forKey: key) == nil else { return false }
        members.append((key, value))
        return true
    }

    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.members.elementsEqual(b.members) { $0.key == $1.key && $0.value == $1.value }
    }

    public func hash(into hasher: inout Hasher) {
        for member in members {
            hasher.combine(member.key)
            hasher.combine(member.value)
        }
    }
}
