import Foundation

/// The tiny checkpoints with random weights of `Tests/Generators/random_models.py`, which have one tokenizer.
public enum RandomCheckpoint {
    /// Where they and what a reference computes with them are.
    public static let folder = Fixtures.path("models/random")

    /// Lays a checkpoint out in a temporary folder.
    ///
    /// - Parameters:
    ///   - name: its name.
    ///   - changes: texts to replace in `config.json`, in this order.
    ///   - body: gets the checkpoint's path, and that of the folder around it.
    public static func with<R>(
        _ name: String, changes: [(String, String)], _ body: (_ checkpoint: String, _ directory: String) throws -> R
    ) throws -> R {
        try Fixtures.withTemporaryDirectory { directory in
            let checkpoint = directory + "/model"
            try FileManager.default.copyItem(atPath: folder + "/tokenizer", toPath: checkpoint)
            var config = try String(contentsOfFile: folder + "/\(name)/config.json", encoding: .utf8)
            for (old, new) in changes {
                precondition(config.contains(old), "\(name) has no \(old)")
                config = config.replacingOccurrences(of: old, with: new)
            }
            try config.write(toFile: checkpoint + "/config.json", atomically: false, encoding: .utf8)
            let weights = try Fixtures.decompressed("models/random/\(name)/model.safetensors.zst")
            try Data(weights).write(to: URL(filePath: checkpoint + "/model.safetensors"))
            return try body(checkpoint, directory)
        }
    }
}
