import Files
import Tensors

/// Where everything goes in a version 3 file, and the rules that both reading and writing keep.
struct GGUFLayout {
    static let defaultAlignment = 32
    /// Larger ones make no sense for any machine, only for making files or offsets overflow.
    static let largestAlignment = 1 << 20
    static let largestRank = 4
    /// ggml keeps names in 64 bytes with a zero at the end.
    static let longestTensorName = 63
    static let longestKey = 65535
    static let alignmentKey: ByteString = "general.alignment"

    /// The header with its padding.
    let header: [UInt8]
    let alignment: Int
    /// The whole file.
    let byteCount: Int

    /// - Parameter path: for errors.
    init(metadata: GGUFMetadata, tensors: [TensorDescriptor], path: String) throws {
        alignment = try Self.alignment(of: metadata, path: path)
        var encoder = GGUFEncoder()
        encoder.append(GGUFHeader.magic)
        encoder.append(UInt32(3))
        encoder.append(UInt64(tensors.count))
        encoder.append(UInt64(metadata.count))
        for entry in metadata.entries {
            try Self.check(key: entry.key, path: path, offset: encoder.bytes.count)
            try Self.check(entry.value, of: entry.key, path: path)
            encoder.append(entry.key)
            encoder.append(entry.value)
        }
        var names: Set<ByteString> = []
        var dataByteCount = 0
        for tensor in tensors {
            let place = GGUFError.Place.tensor(tensor.name)
            let name = ByteString(tensor.name)
            try Self.check(tensorName: tensor.name, path: path, place: place)
            guard names.insert(name).inserted else { throw GGUFError(.duplicateTensor, path: path, place: place) }
            guard tensor.shape.rank <= Self.largestRank else {
                throw GGUFError(.tooManyDimensions(tensor.shape.rank), path: path, place: place)
            }
            encoder.append(name)
            encoder.append(UInt32(tensor.shape.rank))
            for dimension in tensor.shape.dimensions { encoder.append(UInt64(dimension)) }
            encoder.append(tensor.type.rawValue)
            encoder.append(UInt64(dataByteCount))
            let (end, overflow) = dataByteCount.addingReportingOverflow(tensor.byteCount)
            guard !overflow, let padded = Self.padded(end, to: alignment) else {
                throw GGUFError(.tensorTooLarge, path: path, place: place)
            }
            dataByteCount = padded
        }
        encoder.pad(to: alignment)
        guard encoder.bytes.count <= GGUFByteReader.headerLimit else {
            throw GGUFError(.headerTooLarge(limit: GGUFByteReader.headerLimit), path: path)
        }
        header = encoder.bytes
        let (total, overflow) = header.count.addingReportingOverflow(dataByteCount)
        guard !overflow else { throw GGUFError(.tensorTooLarge, path: path) }
        byteCount = total
    }

    /// The next multiple of `alignment`, a power of two; nil if it overflows.
    static func padded(_ count: Int, to alignment: Int) -> Int? {
        let (sum, overflow) = count.addingReportingOverflow(alignment - 1)
        return overflow ? nil : sum & ~(alignment - 1)
    }

    static func alignment(of metadata: GGUFMetadata, path: String) throws -> Int {
        guard let value = metadata[alignmentKey] else { return defaultAlignment }
        guard case .uint32(let number) = value else {
            throw GGUFError(
                .wrongValueType(found: value.typeName, expected: "uint32"), path: path, place: .key(alignmentKey))
        }
        let alignment = Int(number)
        guard alignment.nonzeroBitCount == 1, alignment <= largestAlignment else {
            throw GGUFError(.alignment(UInt64(number)), path: path, place: .key(alignmentKey))
        }
        return alignment
    }

    static func check(key: ByteString, path: String, offset: Int) throws {
        guard !key.isEmpty else { throw GGUFError(.emptyKey, path: path, place: .byte(offset)) }
        guard key.count <= longestKey else {
            throw GGUFError(.keyTooLong(byteCount: key.count), path: path, place: .byte(offset))
        }
        guard key.isUTF8, !key.bytes.contains(0) else {
            throw GGUFError(.invalidUTF8, path: path, place: .byte(offset))
        }
    }

    static func check(tensorName name: String, path: String, place: GGUFError.Place) throws {
        guard !name.isEmpty, !name.utf8.contains(0) else {
            throw GGUFError(.invalidTensorName, path: path, place: place)
        }
        guard name.utf8.count <= longestTensorName else {
            throw GGUFError(.tensorNameTooLong(byteCount: name.utf8.count), path: path, place: place)
        }
    }

    /// Checks that texts are UTF-8; the pieces of a vocabulary alone may be any bytes.
    static func check(_ value: GGUFValue, of key: ByteString, path: String) throws {
        let isText =
            switch value {
            case .string(let text): text.isUTF8
            case .array(.string(let texts)):
                GGUFVocabularyTables.keysOfPieces.contains(key) || texts.allSatisfy(\.isUTF8)
            default: true
            }
        guard isText else { throw GGUFError(.invalidUTF8, path: path, place: .key(key)) }
        if let types = GGUFVocabularyTables.arrayTypes[key], !types.contains(value.typeName) {
            throw GGUFError(
                .wrongValueType(found: value.typeName, expected: types.joined(separator: " or ")), path: path,
                place: .key(key))
        }
    }
}

extension ByteString {
    /// Whether the bytes are valid UTF-8.
    var isUTF8: Bool { bytes.allSatisfy { $0 < 0x80 } || string != nil }
}
