import Foundation
import GGUFContainer
import Pipelines
import TensorCore
import TestSupport
import Testing

/// The same models saved in different ways; see Tests/Generators/torch_golden.py.
@Suite struct TorchCheckpointTests {
    /// Converts a model of the golden folder, with the tokenizer that they share.
    private func convert(_ folder: String, in directory: String) throws -> GGUFFile {
        let golden = Fixtures.path("golden/torch")
        let checkpoint = "\(directory)/\(folder)"
        try FileManager.default.copyItem(atPath: "\(golden)/\(folder)", toPath: checkpoint)
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(atPath: "\(golden)/\(name)", toPath: "\(checkpoint)/\(name)")
        }
        let output = "\(directory)/\(folder).gguf"
        _ = try Conversion(name: "tiny", parallel: Parallel())
            .run(Model(path: checkpoint), output: output) { _ in }
        return try GGUFFile(path: output)
    }

    /// Everything but the names and sums of the source files must be the same.
    @Test(arguments: [("bf16-torch", "bf16"), ("fp8", "fp8-expanded")])
    func givesTheSameFile(_ folders: (String, String)) throws {
        try Fixtures.withTemporaryDirectory { directory in
            let first = try convert(folders.0, in: directory)
            let second = try convert(folders.1, in: directory)
            #expect(first.tensors == second.tensors)
            for (number, tensor) in first.tensors.enumerated() {
                let rows = try [first, second].map { file in
                    var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
                    try bytes.withUnsafeMutableBytes {
                        try file.readRows(ofTensorAt: number, rows: 0..<tensor.shape.rowCount, into: $0)
                    }
                    return bytes
                }
                #expect(rows[0] == rows[1], "\(tensor.name)")
            }
            let entries = [first, second].map { file in
                file.metadata.entries.filter { !$0.key.description.hasPrefix("swage.source.") }
            }
            #expect(entries[0].map(\.key) == entries[1].map(\.key))
            #expect(entries[0].map(\.value) == entries[1].map(\.value))
        }
    }
}
