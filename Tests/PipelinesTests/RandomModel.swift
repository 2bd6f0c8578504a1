import ByteJSON
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
        try RandomCheckpoint.with(name, changes: changes) { try body($0, $1 + "/model.gguf") }
    }

    /// PyTorch's logits, a row for each of ``ids``.
    func expectedLogits() throws -> [[Float]] {
        try SafetensorsFile(path: RandomCheckpoint.folder + "/\(name)/reference.safetensors").rows(of: "logits")
    }
}
