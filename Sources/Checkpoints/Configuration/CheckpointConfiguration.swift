import ByteJSON
import Files
import FoundationEssentials

/// A checkpoint's `config.json`.
struct CheckpointConfiguration: Sendable {
    let path: String
    /// What the keys are reported under.
    private let prefix: String
    private let json: JSON
    /// What the family's own configuration class takes for keys that are left out; a key that is null is not left out.
    private let defaults: ConfigurationDefaults

    /// Larger counts than any model has are damage.
    private static let countLimit = 1 << 24
    /// The most layers, experts or other things of which each has a tensor of its own.
    static let tensorCountLimit = 1 << 14

    init(directory: String) throws {
        path = directory + "/config.json"
        guard FileManager.default.fileExists(atPath: path) else {
            throw CheckpointError(
                .notACheckpoint(ggufFiles: CheckpointWeights.ggufFiles(in: directory)), file: directory)
        }
        prefix = ""
        json = try JSON(contentsOf: path, limit: .configuration)
        defaults = [:]
    }

    private init(path: String, prefix: String, json: JSON, defaults: ConfigurationDefaults = [:]) {
        self.path = path
        self.prefix = prefix
        self.json = json
        self.defaults = defaults
    }

    /// The same, with values for the keys that are left out.
    func completed(by defaults: ConfigurationDefaults) -> CheckpointConfiguration {
        CheckpointConfiguration(path: path, prefix: prefix, json: json, defaults: defaults)
    }

    /// The keys that are left out and have a default, each with it, in the order of their names.
    var assumptions: [(key: ByteString, value: JSON)] {
        defaults.filter { !isStated($0.key) }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// All keys, those that are left out with their defaults, but no base of the rotation beside one in its parameters.
    var completedObject: JSONObject {
        let parameters: ByteString = "rope_parameters"
        let base: ByteString = "rope_theta"
        let assumed = assumptions.filter { $0.key != base || json[parameters]?[base] == nil }
        return JSONObject((json.object?.members ?? []) + assumed)
    }

    /// Whether the key is there, be it null.
    func isStated(_ key: ByteString) -> Bool { json.object?[key] != nil }

    /// What the key stands for: its own value or, where it is left out, the default; nil for null.
    private func value(_ key: ByteString) -> JSON? { isStated(key) ? json[key] : defaults[key] }

    /// The model classes, best first.
    var architectures: [String] { json["architectures"]?.array?.compactMap(\.string) ?? [] }

    /// Whether the key is there and not null, or has a default.
    func has(_ key: ByteString) -> Bool { value(key) != nil }

    /// A whole number of at least `minimum`; `fallback` where the key is absent or null.
    func count(
        _ key: ByteString, default fallback: Int? = nil, minimum: Int = 1, limit: Int = countLimit
    ) throws -> Int {
        guard let value = value(key) else { return try orMissing(fallback, key) }
        guard let count = value.integer, (minimum...limit).contains(count) else {
            throw invalid(key, "a whole number from \(minimum) to \(limit)")
        }
        return count
    }

    func number(_ key: ByteString, default fallback: Double? = nil) throws -> Double {
        guard let value = value(key) else { return try orMissing(fallback, key) }
        guard let number = value.double, Float(number).isFinite, Float(number) > 0 else {
            throw invalid(key, "a positive number that fits a float32")
        }
        return number
    }

    func bool(_ key: ByteString, default fallback: Bool) throws -> Bool {
        guard let value = value(key) else { return fallback }
        guard let bool = value.bool else { throw invalid(key, "true or false") }
        return bool
    }

    /// Refuses any value but `expected`, where the key is there.
    func require(_ key: ByteString, is expected: String) throws {
        guard let value = value(key) else { return }
        guard value.string == expected else { throw invalid(key, "\"\(expected)\"") }
    }

    /// The text under the key; nil where it is absent or null.
    func string(_ key: ByteString) throws -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw invalid(key, "a text") }
        return text
    }

    /// The object under the key, whose keys are reported after its name; nil where it is absent or null.
    func section(_ key: ByteString) throws -> CheckpointConfiguration? {
        guard let value = value(key) else { return nil }
        guard value.object != nil else { throw invalid(key, "an object") }
        return CheckpointConfiguration(path: path, prefix: "\(prefix)\(key).", json: value)
    }

    /// Whether it says nothing.
    var isEmpty: Bool { json.object?.count == 0 }

    /// The first key that stands for an object of its own.
    var nestedKey: ByteString? { json.object?.members.first { $0.value.object != nil }?.key }

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
        let found = value(key)?.text ?? "nothing"
        return CheckpointError(
            .invalidConfigurationValue(key: "\(prefix)\(key)", found: found, expected: expected), file: path)
    }

    private func orMissing<T>(_ fallback: T?, _ key: ByteString) throws -> T {
        guard let fallback else { throw CheckpointError(.missingConfigurationKey("\(prefix)\(key)"), file: path) }
        return fallback
    }
}

extension JSON {
    /// The value in few words.
    var text: String {
        switch self {
        case .string(let text): "\"\(text)\""
        case .integer(let value): "\(value)"
        case .number(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .array: "a list"
        case .object: "an object"
        case .null: "nothing"
        }
    }
}
