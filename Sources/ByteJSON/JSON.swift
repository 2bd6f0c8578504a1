import Files

/// A JSON value whose strings keep their bytes and whose objects keep their order.
public enum JSON: Sendable, Hashable {
    /// The literal `null`.
    case null
    /// A truth value.
    case bool(Bool)
    /// A number that was written without fraction or exponent and fits an `Int`.
    case integer(Int)
    /// Any other number, rounded to the nearest double.
    case number(Double)
    /// A string, as its bytes, which need not be valid UTF-8.
    case string(ByteString)
    /// The elements of an array.
    case array([JSON])
    /// The members of an object.
    case object(JSONObject)

    /// Whether the value is the literal `null`.
    public var isNull: Bool { self == .null }

    /// The truth value; nil if the value is of another type.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of a number that is an integer, also when it was written as `3.0`; nil for any other value.
    public var integer: Int? {
        switch self {
        case .integer(let value): value
        case .number(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The value of any number as a double; nil if the value is of another type.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }

    /// The bytes of a string; nil if the value is of another type.
    public var bytes: ByteString? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The text of a string; nil if the value is of another type or its bytes are not valid UTF-8.
    public var string: String? { bytes?.string }

    /// The elements of an array; nil if the value is of another type.
    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members of an object; nil if the value is of another type.
    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The member of an object; nil if there is none, if it is `null`, or if the value is no object.
    public subscript(key: ByteString) -> JSON? {
        guard let value = object?[key], !value.isNull else { return nil }
        return value
    }
}

/// The members of a JSON object in their order, each key once.
public struct JSONObject: Sendable, Hashable {
    /// The keys and values in the order of the text.
    public private(set) var members: [(key: ByteString, value: JSON)] = []
    private var index: [ByteString: Int] = [:]

    /// An object without members.
    public init() {}

    /// An object with some members; of members with the same key it has the first.
    public init(_ members: [(key: ByteString, value: JSON)]) {
        for member in members { _ = append(key: member.key, value: member.value) }
    }

    /// The number of members.
    public var count: Int { members.count }

    /// The value of the member with that key, compared byte by byte; nil if there is none.
    public subscript(key: ByteString) -> JSON? { index[key].map { members[$0].value } }

    /// Adds a member at the end.
    ///
    /// - Returns: false, with nothing changed, if the key is there already.
    mutating func append(key: ByteString, value: JSON) -> Bool {
        guard index.updateValue(members.count, forKey: key) == nil else { return false }
        members.append((key, value))
        return true
    }

    /// Whether both have the same members in the same order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        a.members.elementsEqual(b.members) { $0.key == $1.key && $0.value == $1.value }
    }

    /// Hashes keys and values in their order.
    public func hash(into hasher: inout Hasher) {
        for member in members {
            hasher.combine(member.key)
            hasher.combine(member.value)
        }
    }
}
