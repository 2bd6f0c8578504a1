import Files
import Tensors

/// The layout of a version 3 file, and the rules that both reading and writing keep.
package struct GGUFLayout: Sendable {
    static let defaultAlignment = 32
    /// Larger ones make no sense for any machine, only for making files or offsets overflow.
    static let largestAlignment = 1 << 20
    static let largestRank = 4
    /// Models have some hundred keys, and files of second moments some hundred thousand tensors.
    static let entryLimit = 1 << 16
    static let tensorLimit = 1 << 19
    /// ggml keeps names in 64 bytes with a zero at the end.
    static let longestTensorName = 63
    static let longestKey = 65535
    static let alignmentKey: ByteString = "general.alignment"

    /// The keys and values, in their order.
    package private(set) var metadata: GGUFMetadata
    /// The tensors, in the order of their data.
    package let tensors: [TensorDescriptor]
    /// The bytes of the file before the first tensor's, padding included.
    package private(set) var header: [UInt8]
    let alignment: Int
    /// The size of the whole file in bytes.
    package let byteCount: Int
    /// Where each value is in the header.
    private let valueRanges: [ByteString: Range<Int>]

    /// Lays out a file.
    ///
    /// - Parameters:
    ///   - metadata: The file's keys and values, in their order.
    ///   - tensors: The file's tensors, in the order of their data.
    ///   - path: The file that errors name.
    /// - Throws: ``GGUFError`` if the contents break a rule of the format.
    package init(metadata: GGUFMetadata, tensors: [TensorDescriptor], path: String) throws {
        self.metadata = metadata
        self.tensors = tensors
        alignment = try Self.alignment(of: metadata, path: path)
        try Self.check(entryCount: metadata.count, tensorCount: tensors.count, path: path)
        var valueRanges: [ByteString: Range<Int>] = [:]
        var encoder = GGUFEncoder()
        encoder.append(GGUFHeader.magic)
        encoder.append(UInt32(3))
        encoder.append(UInt64(tensors.count))
        encoder.append(UInt64(metadata.count))
        for entry in metadata.entries {
            try Self.check(key: entry.key, path: path, offset: encoder.bytes.count)
            try Self.check(entry.value, of: entry.key, path: path)
            encoder.append(entry.key)
            let start = encoder.bytes.count
            encoder.append(entry.value)
            valueRanges[entry.key] = start..<encoder.bytes.count
        }
        self.valueRanges = valueRanges
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

    /// The byte offset in the file at which each tensor begins.
    package var dataOffsets: [Int] {
        var offset = header.count
        return tensors.map { tensor in
            defer { offset += tensor.byteCount + (-tensor.byteCount & (alignment - 1)) }
            return offset
        }
    }

    /// Where the text of a string value is in the header; nil if the file has no such value.
    package func textRange(of key: ByteString) -> Range<Int>? {
        // A value's type and its length come before the text.
        valueRanges[key].map { $0.lowerBound + 12..<$0.upperBound }
    }

    /// The same file with other values of the same lengths; nothing else is encoded again.
    ///
    /// - Parameter metadata: The same keys in the same order, none of them that of the alignment with another value.
    package func replacingValues(by metadata: GGUFMetadata) -> GGUFLayout {
        var layout = self
        precondition(metadata.count == self.metadata.count, "a file with other keys has another layout")
        for (old, new) in zip(self.metadata.entries, metadata.entries) where old != new {
            guard old.key == new.key, let range = valueRanges[old.key] else {
                preconditionFailure("a file with other keys has another layout")
            }
            var encoder = GGUFEncoder()
            encoder.append(new.value)
            precondition(encoder.bytes.count == range.count, "a file with longer values has another layout")
            layout.header.replaceSubrange(range, with: encoder.bytes)
        }
        layout.metadata = metadata
        return layout
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

    static func check(entryCount: Int, tensorCount: Int, path: String) throws {
        guard entryCount <= entryLimit else {
            throw GGUFError(.tooMany(entryCount, of: "metadata entries", limit: entryLimit), path: path)
        }
        guard tensorCount <= tensorLimit else {
            throw GGUFError(.tooMany(tensorCount, of: "tensors", limit: tensorLimit), path: path)
        }
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
