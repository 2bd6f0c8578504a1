import Foundation

/// The bundled mixture of experts, cut down to its first layer and four of its experts.
///
/// All kinds of matrices are there, of widths that every block format divides; a sixth of the weights are. It is for tests of how
/// work is done, whatever it comes to.
public enum ShallowCheckpoint {
    /// The folder, named `shallow`, which is made once and goes with the tests.
    ///
    /// - Throws: errors of reading the bundled checkpoint and of writing.
    public static func path() throws -> String { try folder.get() }

    private static let expertCount = 4
    private static let folder = Result {
        let parent = FileManager.default.temporaryDirectory.appending(path: "swage-test-\(UUID().uuidString)")
        let path = parent.appending(path: "shallow").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { ShallowCheckpoint.remove() }
        try make(in: path)
        return path
    }

    private static func remove() {
        guard let path = try? path() else { return }
        try? FileManager.default.removeItem(at: URL(filePath: path).deletingLastPathComponent())
    }

    private static func make(in path: String) throws {
        let original = Fixtures.path("models/xverse-moe-tiny")
        for name in ["generation_config", "special_tokens_map", "tokenizer", "tokenizer_config"] {
            try FileManager.default.copyItem(atPath: "\(original)/\(name).json", toPath: "\(path)/\(name).json")
        }
        var config = try object(Data(contentsOf: URL(filePath: "\(original)/config.json")))
        (config["num_hidden_layers"], config["num_experts"]) = (1, expertCount)
        try JSONSerialization.data(withJSONObject: config).write(to: URL(filePath: "\(path)/config.json"))

        var (header, bytes): ([String: Any], Data) = ([:], Data())
        for shard in 1...3 {
            let file = try Data(contentsOf: URL(filePath: "\(original)/model-0000\(shard)-of-00003.safetensors"))
            let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            for (name, value) in try object(file.dropFirst(8).prefix(length)) where isKept(name) {
                guard var entry = value as? [String: Any], let range = entry["data_offsets"] as? [Int],
                    var shape = entry["shape"] as? [Int]
                else { continue }
                var data = file.dropFirst(8 + length + range[0]).prefix(range[1] - range[0])
                if name.hasSuffix("router.weight") {
                    data = data.prefix(data.count / shape[0] * expertCount)
                    shape[0] = expertCount
                }
                (entry["data_offsets"], entry["shape"]) = ([bytes.count, bytes.count + data.count], shape)
                header[name] = entry
                bytes += data
            }
        }
        let json = try JSONSerialization.data(withJSONObject: header)
        let length = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) })
        try (length + json + bytes).write(to: URL(filePath: "\(path)/model.safetensors"))
    }

    private static func object(_ data: Data) throws -> [String: Any] {
        guard let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.fileReadCorruptFile)
        }
        return object
    }

    private static func isKept(_ tensor: String) -> Bool {
        let parts = tensor.split(separator: ".")
        func number(after word: Substring) -> Int? {
            parts.firstIndex(of: word).flatMap { $0 + 1 < parts.count ? Int(parts[$0 + 1]) : nil }
        }
        return tensor != "__metadata__" && number(after: "layers") ?? 0 == 0
            && number(after: "experts") ?? 0 < expertCount
    }
}
