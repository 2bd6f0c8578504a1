import Files

/// The elements of a metadata array, all of one type; the format as used has no arrays of arrays.
public enum GGUFArray: Sendable, Hashable {
    case uint8([UInt8])
    case int8([Int8])
    case uint16([UInt16])
    case int16([Int16])
    case uint32([UInt32])
    case int32([Int32])
    case float32([Float])
    case bool([Bool])
    case string([ByteString])
    case uint64([UInt64])
    case int64([Int64])
    case float64([Double])

    /// The number of elements.
    public var count: Int {
        switch self {
        case .uint8(let elements): elements.count
        case .int8(let elements): elements.count
        case .uint16(let elements): elements.count
        case .int16(let elements): elements.count
        case .uint32(let elements): elements.count
        case .int32(let elements): elements.count
        case .float32(let elements): elements.count
        case .bool(let elements): elements.count
        case .string(let elements): elements.count
        case .uint64(let elements): elements.count
        case .int64(let elements): elements.count
        case .float64(let elements): elements.count
        }
    }

    /// The bytes of every string; nil if the elements are of another type.
    public var strings: [ByteString]? {
        if case .string(let elements) = self { elements } else { nil }
    }

    /// The elements of a floating-point array, doubles rounded; nil if they are of another type.
    public var floats: [Float]? {
        switch self {
        case .float32(let elements): elements
        case .float64(let elements): elements.map(Float.init)
        default: nil
        }
    }

    /// The elements of an integer array of any width; nil if they are of another type or one does not fit an `Int`.
    public var integers: [Int]? {
        switch self {
        case .uint8(let elements): elements.map(Int.init)
        case .int8(let elements): elements.map(Int.init)
        case .uint16(let elements): elements.map(Int.init)
        case .int16(let elements): elements.map(Int.init)
        case .uint32(let elements): elements.map(Int.init)
        case .int32(let elements): elements.map(Int.init)
        case .uint64(let elements): Self.exact(elements)
        case .int64(let elements): Self.exact(elements)
        case .float32, .float64, .bool, .string: nil
        }
    }

    /// The elements of an array of truth values; nil if they are of another type.
    public var bools: [Bool]? {
        if case .bool(let elements) = self { elements } else { nil }
    }

    /// The element at `index` as a value of the array's element type.
    public subscript(index: Int) -> GGUFValue {
        switch self {
        case .uint8(let elements): .uint8(elements[index])
        case .int8(let elements): .int8(elements[index])
        case .uint16(let elements): .uint16(elements[index])
        case .int16(let elements): .int16(elements[index])
        case .uint32(let elements): .uint32(elements[index])
        case .int32(let elements): .int32(elements[index])
        case .float32(let elements): .float32(elements[index])
        case .bool(let elements): .bool(elements[index])
        case .string(let elements): .string(elements[index])
        case .uint64(let elements): .uint64(elements[index])
        case .int64(let elements): .int64(elements[index])
        case .float64(let elements): .float64(elements[index])
        }
    }

    var elementType: GGUFValueType {
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
        case .uint64: .uint64
        case .int64: .int64
        case .float64: .float64
        }
    }

    private static func exact(_ elements: [some FixedWidthInteger]) -> [Int]? {
        let integers = elements.compactMap { Int(exactly: $0) }
        return integers.count == elements.count ? integers : nil
    }
}
