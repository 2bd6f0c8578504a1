import Foundation
import TestSupport
import Testing

/// A temporary folder, removed with the value.
final class Workspace: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "swage-test-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, in a folder if its name says so, and returns its path.
    func write(_ name: String, _ bytes: some Sequence<UInt8>) throws -> String {
        let folder = URL(filePath: file(name)).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }

    /// The names of all files, hidden ones too.
    var contents: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }

    /// A copy of the bundled checkpoint; unchanged files are links.
    func checkpoint(_ name: String = "checkpoint") throws -> CheckpointCopy {
        let copy = CheckpointCopy(path: file(name))
        try FileManager.default.createDirectory(atPath: copy.path, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: CheckpointCopy.original) {
            try FileManager.default.createSymbolicLink(
                atPath: "\(copy.path)/\(file)", withDestinationPath: "\(CheckpointCopy.original)/\(file)")
        }
        return copy
    }
}

extension Data {
    init(path: String) throws { try self.init(contentsOf: URL(filePath: path)) }
}

/// A copy of the bundled checkpoint that may be damaged.
struct CheckpointCopy {
    static let original = Fixtures.path("models/xverse-moe-tiny")

    let path: String

    func remove(_ name: String) throws { try FileManager.default.removeItem(atPath: "\(path)/\(name)") }

    func replace(_ name: String, with data: Data) throws {
        try remove(name)
        try data.write(to: URL(filePath: "\(path)/\(name)"))
    }

    func edit(_ name: String, _ change: (inout Data) throws -> Void) throws {
        var data = try Data(path: "\(Self.original)/\(name)")
        try change(&data)
        try replace(name, with: data)
    }

    /// Changes the object of a JSON file.
    func editJSON(_ name: String, _ change: (inout [String: Any]) throws -> Void) throws {
        try edit(name) { data in
            var object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            try change(&object)
            data = try JSONSerialization.data(withJSONObject: object)
        }
    }

    /// Changes a value of `config.json`; nil removes it.
    func configure(_ key: String, _ value: Any?) throws {
        try editJSON("config.json") { $0[key] = value }
    }

    /// Changes the header of a shard, and its data.
    func editShard(
        _ number: Int, _ change: (_ header: inout [String: [String: Any]], _ data: inout Data) throws -> Void
    ) throws {
        try edit(Self.shard(number)) { file in
            let length = file.prefix(8).enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
            let object = try JSONSerialization.jsonObject(with: file.dropFirst(8).prefix(length))
            var header = try #require(object as? [String: [String: Any]])
            var data = Data(file.dropFirst(8 + length))
            try change(&header, &data)
            let json = try JSONSerialization.data(withJSONObject: header)
            file = Data((0..<8).map { UInt8(truncatingIfNeeded: json.count >> (8 * $0)) }) + json + data
        }
    }

    /// Sets one bf16 weight.
    func setWeight(_ tensor: String, shard: Int, element: Int, bits: UInt16) throws {
        try editShard(shard) { header, data in
            let start = try Self.start(of: tensor, header)
            data[start + 2 * element] = UInt8(truncatingIfNeeded: bits)
            data[start + 2 * element + 1] = UInt8(truncatingIfNeeded: bits >> 8)
        }
    }

    static func shard(_ number: Int) -> String { "model-0000\(number)-of-00003.safetensors" }

    private static func start(of tensor: String, _ header: [String: [String: Any]]) throws -> Int {
        try #require((header[tensor]?["data_offsets"] as? [Int])?.first)
    }
}
