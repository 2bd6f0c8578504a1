import ByteJSON
import Foundation
import Runtime
import SafetensorsIO
import TestSupport
import Testing

/// A tiny checkpoint with random weights, of `Tests/Generators/random_models.py`.
struct RandomModel: CustomTestStringConvertible {
    let name: String
    /// The GGUF architecture to write it as.
    let architecture: String
    let ids: TokenSequence

    var testDescription: String { name }

    private static let folder = Fixtures.path("models/random")

    static let all = Fixtures.cases(in: "models/random/cases.json") { path in
        try #require(JSON(contentsOf: path).object).members.map { name, value in
            RandomModel(
                name: name.description, architecture: try #require(value["architecture"]?.string),
                ids: try #require(value["ids"]?.array).map { Int32(try #require($0.integer)) })
        }
    }

    static func named(_ name: String) throws -> RandomModel {
        try #require(all.get().first { $0.name == name }, "no random model \(name)")
    }

    /// Lays the checkpoint out in a temporary folder.
    ///
    /// - Parameters:
    ///   - changes: texts to replace in `config.json`, in this order.
    ///   - body: gets the checkpoint's path, and one beside it for a file.
    func withCheckpoint<R>(
        changes: [(String, String)] = [], _ body: (_ checkpoint: String, _ output: String) throws -> R
    ) throws -> R {
        try Fixtures.withTemporaryDirectory { directory in
            let checkpoint = directory + "/model"
            try FileManager.default.copyItem(atPath: Self.folder + "/tokenizer", toPath: checkpoint)
            var config = try String(contentsOfFile: Self.folder + "/\(name)/config.json", encoding: .utf8)
            for (old, new) in changes {
                precondition(config.contains(old), "\(name) has no \(old)")
                config = config.replacingOccurrences(of: old, with: new)
            }
            try config.write(toFile: checkpoint + "/config.json", atomically: false, encoding: .utf8)
            let weights = try Fixtures.decompressed("models/random/\(name)/model.safetensors.zst")
            try Data(weights).write(to: URL(filePath: checkpoint + "/model.safetensors"))
            return try body(checkpoint, directory + "/model.gguf")
        }
    }

    /// PyTorch's logits, a row for each of ``ids``.
    func expectedLogits() throws -> [[Float]] {
        try SafetensorsFile(path: Self.folder + "/\(name)/reference.safetensors").rows(of: "logits")
    }
}
