import Files

/// A value of a GGUF metadata key.
public enum GGUFValue: Sendable, Hashable {
    case uint8(UInt8)
    case int8(Int8)
    case uint16(UInt16)
    case int16(Int16)
    case uint32(UInt32)
    case int32(Int32)
    case float32(Float)
    case bool(Bool)
    case string(ByteString)
    case array(GGUFArray)
    case uint64(UInt64)
    case int64(Int64)
    case float64(Double)

    /// The value as an `Int`; nil if it is of no integer type or does not fit.
    public var integer: Int? {
        switch self {
        case .uint8(let value): Int(value)
        case .int8(let value): Int(value)
        case .uint16(let value): Int(value)
        case .int16(let value): Int(value)
        case .uint32(let value): Int(value)
        case .int32(let value): Int(value)
        case .uint64(let value): Int(exactly: value)
        case .int64(let value): Int(exactly: value)
        case .float32, .float64, .bool, .string, .array: nil
        }
    }

    /// The value as a double; nil if it is of no floating-point or integer type.
    public var double: Double? {
        switch self {
        case .float32(let value): Double(value)
        case .float64(let value): value
        default: integer.map(Double.init)
        }
    }

    /// The truth value; nil if it is of another type.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The bytes of a string, UTF-8 or not; nil if it is of another type.
    public var bytes: ByteString? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The text of a string; nil if it is of another type or not valid UTF-8.
    public var string: String? { bytes?.string }

    /// The elements of an array; nil if it is of another type.
    public var array: GGUFArray? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The type as the format names it, such as `uint32` or `[string]`.
    public var typeName: String {
        if case .array(let array) = self { "[\(array.elementType)]" } else { "\(type)" }
    }

    var type: GGUFValueType {
        switch self {
        case .uint8: .uint8
        case .int8: .int8
        case .uint16: .uint16
        case .int16: .int16
        case .uint32: .uint32
        case .int32: .int32
        case .float32: .float32
        case .bool: .bool
        case .string: .string
        case .array: .array
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }
}

/// The numbers that the format gives to the types of values.
enum GGUFValueType: UInt32, Sendable {
    case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

    /// The fewest bytes that an element of an array of this type takes in a file.
    var minimumByteCount: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .uint16, .int16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64, .string: 8
        case .array: 12
        }
    }
}
