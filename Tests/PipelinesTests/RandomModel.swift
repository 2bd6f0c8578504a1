import ByteJSON
import Foundation
import Runtime
import Safetensors
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

    static let all: [RandomModel] = {
        let members = (try? JSON(contentsOf: folder + "/cases.json"))?.object?.members ?? []
        return members.map { name, value in
            RandomModel(
                name: name.description, architecture: value["architecture"]?.string ?? "",
                ids: value["ids"]?.array?.compactMap { $0.integer.map(Int32.init) } ?? [])
        }
    }()

    static func named(_ name: String) -> RandomModel { all.first { $0.name == name }! }

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
