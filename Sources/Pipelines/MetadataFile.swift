import ByteJSON
import GGUFContainer
import TensorCore

/// Metadata that a user writes as a JSON object of keys and values.
///
/// Texts become strings, true and false truth values, whole numbers uint32 (int32 if negative, 64 bits if they must),
/// other numbers float32, and lists arrays of one of these.
public enum MetadataFile {
    /// - Throws: `JSONError`, `FileError`, or ``PipelineError`` for values that GGUF cannot hold.
    public static func read(_ path: String) throws -> GGUFMetadata {
        guard let object = try JSON(contentsOf: path).object else {
            throw PipelineError(.notMetadata("a JSON object expected"), file: path)
        }
        var metadata = GGUFMetadata()
        for (key, value) in object.members {
            guard let converted = self.value(value) else {
                throw PipelineError(
                    .notMetadata("text, number, true, false or a list of one of these expected"), file: path,
                    tensor: key.description)
            }
            metadata[key] = converted
        }
        return metadata
    }

    private static func value(_ json: JSON) -> GGUFValue? {
        switch json {
        case .string(let text): .string(text)
        case .bool(let flag): .bool(flag)
        case .integer(let number): integer(number)
        case .number(let number): .float32(Float(number))
        case .array(let elements): array(elements).map(GGUFValue.array)
        case .null, .object: nil
        }
    }

    private static func integer(_ number: Int) -> GGUFValue {
        if let small = UInt32(exactly: number) { return .uint32(small) }
        if let small = Int32(exactly: number) { return .int32(small) }
        return number < 0 ? .int64(Int64(number)) : .uint64(UInt64(number))
    }

    private static func array(_ elements: [JSON]) -> GGUFArray? {
        func all<T>(_ read: (JSON) -> T?) -> [T]? {
            let values = elements.compactMap(read)
            return values.count == elements.count ? values : nil
        }
        if let texts = all(\.bytes) { return .string(texts) }
        if let flags = all(\.bool) { return .bool(flags) }
        if let numbers = all(\.integer) {
            return (all { $0.integer.flatMap(Int32.init(exactly:)) }).map(GGUFArray.int32)
                ?? .int64(numbers.map(Int64.init))
        }
        return (all { $0.double.map { Float($0) } }).map(GGUFArray.float32)
    }
}
