import ByteJSON
import Files

/// The parsed and checked header of one file.
struct SafetensorsHeader {
    /// The format's own limit.
    static let limit = 100_000_000
    static let metadataKey: ByteString = "__metadata__"

    let tensors: [SafetensorsFile.Tensor]
    let metadata: [SafetensorsFile.Metadata]

    init(_ file: ReadableFile) throws {
        let path = file.path
        let text = try Self.readText(file)
        let members = try Self.parse(text, path: path).members
        let dataOffset = 8 + text.count
        metadata =
            try members.first { $0.key == Self.metadataKey }.map { try Self.metadata($0.value, path: path) } ?? []
        let tensors = try members.lazy.filter { $0.key != Self.metadataKey }
            .map { try Self.tensor($0.key, $0.value, dataOffset: dataOffset, in: file) }
        self.tensors = try Self.inOrder(Array(tensors), from: dataOffset, to: file.byteCount, path: path)
    }

    private static func readText(_ file: ReadableFile) throws -> [UInt8] {
        guard file.byteCount >= 8 else {
            throw SafetensorsError(
                .truncated(expectedByteCount: 8, foundByteCount: file.byteCount), path: file.path)
        }
        let announced = try file.bytes(0..<8).enumerated().reduce(0) { $0 | UInt64($1.element) << (8 * $1.offset) }
        guard announced <= UInt64(limit) else {
            throw SafetensorsError(.headerTooLarge(byteCount: announced, limit: limit), path: file.path)
        }
        let count = Int(announced)
        guard count <= file.byteCount - 8 else {
            throw SafetensorsError(
                .headerOutsideFile(byteCount: count, fileByteCount: file.byteCount), path: file.path)
        }
        return try file.bytes(8..<8 + count)
    }

    private static func parse(_ text: [UInt8], path: String) throws -> JSONObject {
        do throws(JSONError) {
            // The format asks for the brace at once, so that other files are not taken for headers.
            if text.first == UInt8(ascii: "{"), let object = try JSON(parsing: text).object { return object }
        } catch {
            if case .duplicateKey(let key) = error.kind {
                throw SafetensorsError(.duplicateKey(key), path: path, place: .byte(8 + error.offset))
            }
            throw SafetensorsError(.headerNotJSON, path: path, place: .byte(8 + error.offset), underlying: error)
        }
        throw SafetensorsError(.headerNotJSON, path: path, place: .byte(8))
    }

    private static func metadata(_ value: JSON, path: String) throws -> [SafetensorsFile.Metadata] {
        guard let object = value.object else { throw SafetensorsError(.invalidMetadata, path: path) }
        return try object.members.map { key, value in
            guard let text = value.bytes else { throw SafetensorsError(.invalidMetadata, path: path, place: .key(key)) }
            return SafetensorsFile.Metadata(key: key, value: text)
        }
    }

    private static func tensor(
        _ key: ByteString, _ value: JSON, dataOffset: Int, in file: ReadableFile
    ) throws -> SafetensorsFile.Tensor {
        let name = key.description
        func failure(_ kind: SafetensorsError.Kind) -> SafetensorsError {
            SafetensorsError(kind, path: file.path, place: .tensor(name))
        }
        guard let typeName = value["dtype"]?.string else { throw failure(.invalidEntry("dtype")) }
        guard let type = SafetensorsType(rawValue: typeName) else { throw failure(.unknownType(typeName)) }
        guard let shape = integers(value["shape"]) else { throw failure(.invalidEntry("shape")) }
        guard let offsets = integers(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw failure(.invalidEntry("data_offsets"))
        }
        var bits = type.bitCount
        for dimension in shape {
            let (product, overflow) = bits.multipliedReportingOverflow(by: dimension)
            guard !overflow else { throw failure(.shapeTooLarge(shape)) }
            bits = product
        }
        guard bits.isMultiple(of: 8) else { throw failure(.partialByte) }
        guard bits / 8 == offsets[1] - offsets[0] else {
            throw failure(.wrongByteCount(found: offsets[1] - offsets[0], expected: bits / 8))
        }
        let (end, overflow) = offsets[1].addingReportingOverflow(dataOffset)
        guard !overflow else { throw failure(.offsetsOutsideFile(end: offsets[1], fileByteCount: file.byteCount)) }
        return SafetensorsFile.Tensor(name: name, type: type, shape: shape, byteRange: offsets[0] + dataOffset..<end)
    }

    /// The elements of an array of numbers from 0 on.
    private static func integers(_ value: JSON?) -> [Int]? {
        guard let array = value?.array else { return nil }
        let integers = array.compactMap(\.integer)
        return integers.count == array.count && integers.allSatisfy { $0 >= 0 } ? integers : nil
    }

    /// Checks that the tensors cover the bytes of the file after the header, each byte once.
    private static func inOrder(
        _ tensors: [SafetensorsFile.Tensor], from start: Int, to fileByteCount: Int, path: String
    ) throws -> [SafetensorsFile.Tensor] {
        let sorted = tensors.enumerated().sorted { a, b in
            let (first, second) = (a.element.byteRange, b.element.byteRange)
            return (first.lowerBound, first.upperBound, a.offset) < (second.lowerBound, second.upperBound, b.offset)
        }.map(\.element)
        var end = start
        var previous: String?
        for tensor in sorted {
            let range = tensor.byteRange
            let kind: SafetensorsError.Kind? =
                if range.lowerBound < end {
                    .overlap(with: previous ?? "")
                } else if range.lowerBound == end {
                    nil
                } else if range.upperBound > fileByteCount {
                    .offsetsOutsideFile(end: range.upperBound, fileByteCount: fileByteCount)
                } else {
                    .hole(byteCount: range.lowerBound - end)
                }
            if let kind { throw SafetensorsError(kind, path: path, place: .tensor(tensor.name)) }
            end = range.upperBound
            previous = tensor.name
        }
        guard end <= fileByteCount else {
            throw SafetensorsError(.truncated(expectedByteCount: end, foundByteCount: fileByteCount), path: path)
        }
        guard end == fileByteCount else {
            throw SafetensorsError(.trailingBytes(fileByteCount - end), path: path, place: .byte(end))
        }
        return sorted
    }
}
