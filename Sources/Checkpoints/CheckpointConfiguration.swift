import ByteJSON
import FoundationEssentials
import TensorCore

/// A checkpoint's `config.json`.
struct CheckpointConfiguration: Sendable {
    let path: String
    /// What the keys are reported under.
    private let prefix: String
    private let json: JSON

    /// Larger counts than any model has are damage.
    private static let countLimit = 1 << 24
    /// For things that there is a tensor of each, such as layers and experts.
    static let tensorCountLimit = 1 << 14

    init(directory: String) throws {
        path = directory + "/config.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw CheckpointError(.notACheckpoint, file: directory)
        }
        prefix = ""
        json = try JSON(contentsOf: path)
    }

    private init(path: String, prefix: String, json: JSON) {
        self.path = path
        self.prefix = prefix
        self.json = json
    }

    /// The model classes, best first.
    var architectures: [String] { json["architectures"]?.array?.compactMap(\.string) ?? [] }

    /// Whether the key is there and not null.
    func has(_ key: ByteString) -> Bool { json[key] != nil }

    /// A whole number of at least `minimum`; `fallback` where the key is absent or null.
    func count(
        _ key: ByteString, default fallback: Int? = nil, minimum: Int = 1, limit: Int = countLimit
    ) throws -> Int {
        guard let value = json[key] else { return try orMissing(fallback, key) }
        guard let count = value.integer, (minimum...limit).contains(count) else {
            throw invalid(key, "a whole number from \(minimum) to \(limit)")
        }
        return count
    }

    func number(_ key: ByteString, default fallback: Double? = nil) throws -> Double {
        guard let value = json[key] else { return try orMissing(fallback, key) }
        guard let number = value.double, Float(number).isFinite, Float(number) > 0 else {
            throw invalid(key, "a positive number that fits a float32")
        }
        return number
    }

    func bool(_ key: ByteString, default fallback: Bool) throws -> Bool {
        guard let value = json[key] else { return fallback }
        guard let bool = value.bool else { throw invalid(key, "true or false") }
        return bool
    }

    /// Refuses any value but `expected`, where the key is there.
    func require(_ key: ByteString, is expected: String) throws {
        guard let value = json[key] else { return }
        guard value.string == expected else { throw invalid(key, "\"\(expected)\"") }
    }

    /// Refuses the key, unless it is absent or null.
    func refuse(_ key: ByteString, because reason: String) throws {
        guard json[key] == nil else { throw invalid(key, reason) }
    }

    /// The text under the key; nil where it is absent or null.
    func string(_ key: ByteString) throws -> String? {
        guard let value = json[key] else { return nil }
        guard let text = value.string else { throw invalid(key, "a text") }
        return text
    }

    /// The object under the key, whose keys are reported after its name; nil where it is absent or null.
    func section(_ key: ByteString) throws -> CheckpointConfiguration? {
        guard let value = json[key] else { return nil }
        guard value.object != nil else { throw invalid(key, "an object") }
        return CheckpointConfiguration(path: path, prefix: "\(prefix)\(key).", json: value)
    }

    /// Rows and columns of 8-bit weights that share a scale, where they are scaled in blocks.
    var scaleBlockShape: [Int] {
        get throws {
            let (group, key): (ByteString, ByteString) = ("quantization_config", "weight_block_size")
            guard let value = json[group]?[key] else { return [128, 128] }
            let shape = value.array?.compactMap(\.integer) ?? []
            guard shape.count == 2, shape.allSatisfy({ (1...Self.countLimit).contains($0) }) else {
                throw CheckpointError(
                    .invalidConfigurationValue(
                        key: "\(group).\(key)", found: "another value", expected: "two whole numbers from 1"),
                    file: path)
            }
            return shape
        }
    }

    func invalid(_ key: ByteString, _ expected: String) -> CheckpointError {
        let found =
            switch json[key] {
            case .string(let text)?: "\"\(text)\""
            case .integer(let value)?: "\(value)"
            case .number(let value)?: "\(value)"
            case .bool(let value)?: "\(value)"
            case .array?: "a list"
            case .object?: "an object"
            case .null?, nil: "nothing"
            }
        return CheckpointError(
            .invalidConfigurationValue(key: "\(prefix)\(key)", found: found, expected: expected), file: path)
    }

    private func orMissing<T>(_ fallback: T?, _ key: ByteString) throws -> T {
        guard let fallback else { throw CheckpointError(.missingConfigurationKey("\(prefix)\(key)"), file: path) }
        return fallback
    }
}
