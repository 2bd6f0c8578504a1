import ByteJSON
import Files
import GGUF
import ModelArchitecture
import Tokenizers

/// Metadata that a user writes as a JSON object of keys and values.
///
/// Values get the types that their keys have: in llama.cpp, else in the model, where a whole number is fine for a
/// fraction and null leaves a key out. Under other keys texts become strings, true and false truth values, whole
/// numbers uint32 (int32 if negative, 64 bits if they must), other numbers float32, and lists arrays of one of these.
public struct MetadataFile: Sendable {
    /// The path of the file.
    public let path: String
    private let members: [(key: ByteString, value: JSON)]

    /// Reads a file of metadata.
    ///
    /// - Throws: `FileError` if the file cannot be read, `JSONError` if it is not JSON, ``ModelError`` if it is not an
    ///   object.
    public init(contentsOf path: String) throws {
        guard let object = try JSON(contentsOf: path, limit: .metadata).object else {
            throw ModelError(.metadata(.notObject), file: path)
        }
        self.path = path
        members = object.members
    }

    /// Sets the file's keys in the metadata of a model that is about to be written.
    ///
    /// - Throws: ``ModelError`` for values of other types than their keys', for keys that follow from the model, and
    ///   for values with which nobody could read it.
    package func apply(to metadata: inout GGUFMetadata, of model: Model) throws {
        let architecture = model.plan.architecture.rawValue
        for (key, value) in members {
            func refuse(_ problem: MetadataProblem) -> ModelError {
                ModelError(.metadata(problem), file: path, key: key.description)
            }
            guard key.isMetadataKey else { throw refuse(.invalidKey) }
            let before = metadata
            let kind = MetadataTables.kind(of: key, architecture: architecture)
            do throws(MetadataProblem) {
                metadata[key] =
                    value.isNull ? nil : try MetadataValue.value(value, kind, like: metadata[key], model: model)
            } catch {
                throw refuse(MetadataTables.owner(of: key, architecture: architecture)?.problem ?? error)
            }
            guard metadata != before else { continue }
            if let owner = MetadataTables.owner(of: key, architecture: architecture) { throw refuse(owner.problem) }
            if let problem = model.obstacle(to: metadata, changedAt: key) { throw refuse(.unreadable(problem)) }
        }
    }
}

extension MetadataTables.Owner {
    fileprivate var problem: MetadataProblem {
        switch self {
        case .file: .decidedByFile
        case .weights: .decidedByWeights
        case .tokenizer: .decidedByTokenizer
        case .swage: .decidedBySwage
        }
    }
}

extension ByteString {
    fileprivate var isMetadataKey: Bool { !isEmpty && count <= 65535 && string != nil && !bytes.contains(0) }
}

extension Model {
    /// Why a file of this model with other metadata could not be read; nil if it can.
    fileprivate func obstacle(to metadata: GGUFMetadata, changedAt key: ByteString) -> String? {
        do {
            if key.bytes.starts(with: "tokenizer.".utf8) {
                _ = try Tokenizer(vocabulary: Vocabulary(metadata: metadata))
            } else if key.bytes.starts(with: "\(plan.architecture.rawValue).".utf8) {
                _ = try DecoderPlan(
                    metadata: metadata, vocabularySize: plan.vocabularySize,
                    tiesOutputToEmbedding: plan.tiesOutputToEmbedding,
                    hasFrequencyFactors: plan.rope.hasFrequencyFactors)
            }
        } catch let error as any DiagnosticError {
            return error.diagnostic.problem
        } catch {
            return "\(error)"
        }
        return nil
    }
}

/// A value of a JSON file as GGUF has it.
private enum MetadataValue {
    /// - Parameters:
    ///   - kind: what programs read under the key; nil if that is not known.
    ///   - present: what the model has under it.
    static func value(
        _ json: JSON, _ kind: MetadataTables.Kind?, like present: GGUFValue?, model: Model
    ) throws(MetadataProblem) -> GGUFValue {
        func demand(_ expected: String, _ value: GGUFValue?) throws(MetadataProblem) -> GGUFValue {
            guard let value else { throw .wrongValue(found: json.words, expected: expected) }
            return value
        }
        switch kind {
        case .uint32: return try demand(GGUFValue.uint32(0).words, number(json, like: .uint32(0)))
        case .int32: return try demand(GGUFValue.int32(0).words, number(json, like: .int32(0)))
        case .float32: return try demand("a number", number(json, like: .float32(0)))
        case .bool: return try demand("true or false", json.bool.map { .bool($0) })
        case .string: return try demand("a text", text(json))
        case .strings: return try demand("a list of texts", texts(json))
        case .token:
            let count = model.tokenizer.vocabulary.count
            return try demand(
                "the number of a token, from 0 to \(count - 1)",
                json.integer.flatMap { 0..<count ~= $0 ? .uint32(UInt32($0)) : nil })
        case .alignment:
            return try demand(
                "a power of two from 32 to \(1 << 20)",
                json.integer.flatMap {
                    32...(1 << 20) ~= $0 && $0.nonzeroBitCount == 1 ? .uint32(UInt32($0)) : nil
                })
        case nil: break
        }
        switch present {
        case .bool: return try demand("true or false", json.bool.map { .bool($0) })
        case .string: return try demand("a text", text(json))
        case .array: return try demand("a list of one kind of values", free(json))
        case let number?: return try demand(number.words, self.number(json, like: number))
        case nil: return try demand("text, number, true, false or a list of one of these", free(json))
        }
    }

    private static func number(_ json: JSON, like value: GGUFValue) -> GGUFValue? {
        let whole = json.integer
        return switch value {
        case .uint8: whole.flatMap(UInt8.init(exactly:)).map(GGUFValue.uint8)
        case .int8: whole.flatMap(Int8.init(exactly:)).map(GGUFValue.int8)
        case .uint16: whole.flatMap(UInt16.init(exactly:)).map(GGUFValue.uint16)
        case .int16: whole.flatMap(Int16.init(exactly:)).map(GGUFValue.int16)
        case .uint32: whole.flatMap(UInt32.init(exactly:)).map(GGUFValue.uint32)
        case .int32: whole.flatMap(Int32.init(exactly:)).map(GGUFValue.int32)
        case .uint64: whole.flatMap(UInt64.init(exactly:)).map(GGUFValue.uint64)
        case .int64: whole.map { .int64(Int64($0)) }
        case .float32: float(json).map(GGUFValue.float32)
        case .float64: json.double.map(GGUFValue.float64)
        case .bool, .string, .array: nil
        }
    }

    private static func float(_ json: JSON) -> Float? {
        json.double.map { Float($0) }.flatMap { $0.isFinite ? $0 : nil }
    }

    private static func text(_ json: JSON) -> GGUFValue? {
        json.bytes.flatMap { $0.string == nil ? nil : .string($0) }
    }

    private static func texts(_ json: JSON) -> GGUFValue? {
        guard let elements = json.array, !elements.isEmpty else { return nil }
        return all(elements) { $0.string == nil ? nil : $0.bytes }.map { .array(.string($0)) }
    }

    private static func all<T>(_ elements: [JSON], _ read: (JSON) -> T?) -> [T]? {
        let values = elements.compactMap(read)
        return values.count == elements.count ? values : nil
    }

    /// By the value alone.
    private static func free(_ json: JSON) -> GGUFValue? {
        switch json {
        case .string: text(json)
        case .bool(let flag): .bool(flag)
        case .integer(let number): integer(number)
        case .number: float(json).map(GGUFValue.float32)
        case .array(let elements): elements.isEmpty ? nil : array(elements).map(GGUFValue.array)
        case .null, .object: nil
        }
    }

    private static func integer(_ number: Int) -> GGUFValue {
        if let small = UInt32(exactly: number) { return .uint32(small) }
        if let small = Int32(exactly: number) { return .int32(small) }
        return number < 0 ? .int64(Int64(number)) : .uint64(UInt64(number))
    }

    private static func array(_ elements: [JSON]) -> GGUFArray? {
        if let flags = all(elements, \.bool) { return .bool(flags) }
        if let numbers = all(elements, \.integer) {
            return all(elements) { $0.integer.flatMap(Int32.init(exactly:)) }.map(GGUFArray.int32)
                ?? .int64(numbers.map(Int64.init))
        }
        if let numbers = all(elements, float) { return .float32(numbers) }
        return texts(.array(elements))?.array
    }
}

extension GGUFValue {
    /// What a number of this type may be, for messages.
    fileprivate var words: String {
        func range<T: FixedWidthInteger>(_: T) -> String { "a whole number from \(T.min) to \(T.max)" }
        return switch self {
        case .uint8(let value): range(value)
        case .int8(let value): range(value)
        case .uint16(let value): range(value)
        case .int16(let value): range(value)
        case .uint32(let value): range(value)
        case .int32(let value): range(value)
        case .uint64(let value): range(value)
        case .int64(let value): range(value)
        case .float32, .float64, .bool, .string, .array: "a number"
        }
    }
}

extension JSON {
    /// The value for messages, not more of it than they can show.
    fileprivate var words: String {
        switch self {
        case .null: "null"
        case .bool(let flag): "\(flag)"
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .string(let text): "the text " + String(decoding: text.bytes.prefix(40), as: UTF8.self).debugDescription
        case .array(let elements): elements.isEmpty ? "an empty list" : "a list"
        case .object: "an object"
        }
    }
}
