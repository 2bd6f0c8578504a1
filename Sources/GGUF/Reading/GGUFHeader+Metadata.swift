import Files

extension GGUFHeader {
    static func readMetadata(_ reader: inout GGUFByteReader, count: Int) throws -> GGUFMetadata {
        let path = reader.file.path
        var metadata = GGUFMetadata()
        for _ in 0..<count {
            let start = reader.offset
            let key = try reader.readString()
            try GGUFLayout.check(key: key, path: path, offset: start)
            let place = GGUFError.Place.key(key)
            guard metadata[key] == nil else { throw GGUFError(.duplicateKey, path: path, place: place) }
            let value: GGUFValue
            do {
                value = try readValue(&reader, key: key)
            } catch let error as GGUFError {
                throw GGUFError(error.kind, path: path, place: place)
            }
            try GGUFLayout.check(value, of: key, path: path)
            metadata[key] = value
        }
        return metadata
    }

    private static func readValue(_ reader: inout GGUFByteReader, key: ByteString) throws -> GGUFValue {
        switch try readType(&reader, key: key) {
        case .uint8: .uint8(try reader.read())
        case .int8: .int8(try reader.read())
        case .uint16: .uint16(try reader.read())
        case .int16: .int16(try reader.read())
        case .uint32: .uint32(try reader.read())
        case .int32: .int32(try reader.read())
        case .float32: .float32(Float(bitPattern: try reader.read()))
        case .bool: .bool(try bool(reader.read(), key: key, path: reader.file.path))
        case .string: .string(try reader.readString())
        case .array: .array(try readArray(&reader, key: key))
        case .uint64: .uint64(try reader.read())
        case .int64: .int64(try reader.read())
        case .float64: .float64(Double(bitPattern: try reader.read()))
        }
    }

    private static func readArray(_ reader: inout GGUFByteReader, key: ByteString) throws -> GGUFArray {
        let path = reader.file.path
        let type = try readType(&reader, key: key)
        let count = try reader.readCount(of: "array elements", minimumByteCount: type.minimumByteCount)
        switch type {
        case .uint8: return .uint8(try reader.readArray(count: count))
        case .int8: return .int8(try reader.readArray(count: count))
        case .uint16: return .uint16(try reader.readArray(count: count))
        case .int16: return .int16(try reader.readArray(count: count))
        case .uint32: return .uint32(try reader.readArray(count: count))
        case .int32: return .int32(try reader.readArray(count: count))
        case .float32: return .float32(try reader.readArray(count: count).map(Float.init(bitPattern:)))
        case .bool: return .bool(try reader.readArray(count: count).map { try bool($0, key: key, path: path) })
        case .string:
            // The capacity is not reserved: what a hostile count asks for must be backed by bytes that were read.
            var strings: [ByteString] = []
            for _ in 0..<count { strings.append(try reader.readString()) }
            return .string(strings)
        case .array: throw GGUFError(.nestedArray, path: path, place: .key(key))
        case .uint64: return .uint64(try reader.readArray(count: count))
        case .int64: return .int64(try reader.readArray(count: count))
        case .float64: return .float64(try reader.readArray(count: count).map(Double.init(bitPattern:)))
        }
    }

    private static func readType(_ reader: inout GGUFByteReader, key: ByteString) throws -> GGUFValueType {
        let number = try reader.read(UInt32.self)
        guard let type = GGUFValueType(rawValue: number) else {
            throw GGUFError(.unknownValueType(number), path: reader.file.path, place: .key(key))
        }
        return type
    }

    private static func bool(_ byte: UInt8, key: ByteString, path: String) throws -> Bool {
        guard byte < 2 else { throw GGUFError(.invalidBool(byte), path: path, place: .key(key)) }
        return byte == 1
    }
}
