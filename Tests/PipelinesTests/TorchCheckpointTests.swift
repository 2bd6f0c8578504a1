import ByteJSON
import Files
import Foundation
import GGUF
import Models
import Parallelism
import Pipelines
import TestSupport
import Testing

/// The same models saved in different ways; see Tests/Generators/torch_golden.py.
@Suite struct TorchCheckpointTests {
    /// Converts a model of the golden folder, with the tokenizer that they share.
    private func convert(_ folder: String, in directory: String) throws -> GGUFFile {
        let golden = Fixtures.path("golden/torch")
        // Names say something of a model: all have the same.
        let checkpoint = "\(directory)/\(folder)/tiny"
        try FileManager.default.createDirectory(
            atPath: "\(directory)/\(folder)", withIntermediateDirectories: true)
        try FileManager.default.copyItem(atPath: "\(golden)/\(folder)", toPath: checkpoint)
        for name in ["tokenizer.json", "tokenizer_config.json"] {
            try FileManager.default.copyItem(atPath: "\(golden)/\(name)", toPath: "\(checkpoint)/\(name)")
        }
        let output = "\(directory)/\(folder).gguf"
        _ = try Conversion(name: "tiny", parallel: Parallel())
            .run(Model.open(checkpoint), output: output) { _ in }
        return try GGUFFile(path: output)
    }

    /// The container must not show in the file.
    @Test func givesTheSameBytes() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let paths = try ["bf16-torch", "bf16"].map { try convert($0, in: directory).path }
            let files = try paths.map { try Data(contentsOf: URL(filePath: $0)) }
            #expect(files[0].count > 30000)
            #expect(files[0] == files[1])
        }
    }

    /// The sums that Python makes of the safetensors files; see Tests/Generators/weight_digests.py.
    @Test(arguments: ["bf16", "bf16-torch", "fp8", "fp8-expanded"])
    func namesTheWeights(folder: String) throws {
        let digests = try JSON(contentsOf: Fixtures.path("golden/weight_digests.json"))
        let expected = digests[ByteString("golden/torch/" + (folder == "bf16-torch" ? "bf16" : folder))]?.string
        try Fixtures.withTemporaryDirectory { directory in
            let found = try convert(folder, in: directory).metadata["swage.source.weights.sha256"]?.string
            #expect(found == expected)
            #expect(found != nil)
        }
    }

    /// Everything but the sums of what it was made of must be the same.
    @Test func expandsFP8AsPyTorchDoes() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let first = try convert("fp8", in: directory)
            let second = try convert("fp8-expanded", in: directory)
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
