import Files

/// Collects the little-endian bytes of a header.
struct GGUFEncoder {
    private(set) var bytes: [UInt8] = []

    mutating func append(_ raw: [UInt8]) { bytes += raw }

    mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes += $0 }
    }

    mutating func append(_ text: ByteString) {
        append(UInt64(text.count))
        bytes += text.bytes
    }

    mutating func append(_ value: GGUFValue) {
        append(value.type.rawValue)
        switch value {
        case .uint8(let number): append(number)
        case .int8(let number): append(number)
        case .uint16(let number): append(number)
        case .int16(let number): append(number)
        case .uint32(let number): append(number)
        case .int32(let number): append(number)
        case .float32(let number): append(number.bitPattern)
        case .bool(let truth): append(UInt8(truth ? 1 : 0))
        case .string(let text): append(text)
        case .array(let array): append(array)
        case .uint64(let number): append(number)
        case .int64(let number): append(number)
        case .float64(let number): append(number.bitPattern)
        }
    }

    mutating func append(_ array: GGUFArray) {
        append(array.elementType.rawValue)
        append(UInt64(array.count))
        switch array {
        case .uint8(let elements): bytes += elements
        case .int8(let elements): for element in elements { append(element) }
        case .uint16(let elements): for element in elements { append(element) }
        case .int16(let elements): for element in elements { append(element) }
        case .uint32(let elements): for element in elements { append(element) }
        case .int32(let elements): for element in elements { append(element) }
        case .float32(let elements): for element in elements { append(element.bitPattern) }
        case .bool(let elements): for element in elements { append(UInt8(element ? 1 : 0)) }
        case .string(let elements): for element in elements { append(element) }
        case .uint64(let elements): for element in elements { append(element) }
        case .int64(let elements): for element in elements { append(element) }
        case .float64(let elements): for element in elements { append(element.bitPattern) }
        }
    }

    /// Appends zeros up to the next multiple of `alignment`, a power of two.
    mutating func pad(to alignment: Int) {
        while bytes.count & (alignment - 1) != 0 { bytes.append(0) }
    }
}
