import Files
import GGUF
import Tensors
import TestSupport
import Testing

/// Against the parts that llama-gguf-split makes of the same file.
@Suite struct GGUFSplitWriterTests {
    /// Copies a model through a sink.
    private func copy(_ source: GGUFFile, into sink: inout some TensorSink & ~Copyable) throws {
        for (index, tensor) in source.tensors.enumerated() {
            var bytes = [UInt8](repeating: 0, count: tensor.byteCount)
            try bytes.withUnsafeMutableBytes {
                try source.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: $0)
                try sink.append(UnsafeRawBufferPointer($0))
            }
            try sink.endTensor()
        }
    }

    @Test func partsAreByteForByteThoseOfLlamaSplit() throws {
        let source = try GGUFFile(path: Fixtures.path("golden/gguf/values-v3.gguf"))
        try Fixtures.withTemporaryDirectory { directory in
            var writer = try GGUFSplitWriter(
                prefix: directory + "/values", metadata: source.metadata, tensors: source.tensors,
                limits: .tensorCount(2))
            try copy(source, into: &writer)
            for path in writer.paths { #expect(throws: FileError.self) { try ReadableFile(path: path) } }
            let paths = writer.paths
            try writer.finish()
            #expect(paths.count == 3)
            for path in paths {
                let name = String(path.dropFirst(directory.count + 1))
                let golden = try ReadableFile.contents(of: Fixtures.path("golden/gguf/\(name)"))
                #expect(try ReadableFile.contents(of: path) == golden)
            }
        }
    }

    /// A tensor larger than the limit has a part of its own, as in llama-gguf-split.
    @Test(arguments: [(1, 3), (32, 3), (63, 3), (64, 2), (96, 1)])
    func sizesLimitParts(limit: Int, partCount: Int) throws {
        let shape = try #require(TensorShape([16]))
        let tensors = ["a", "b", "c"].compactMap { TensorDescriptor(name: $0, shape: shape, type: .bf16) }
        try Fixtures.withTemporaryDirectory { directory in
            let writer = try GGUFSplitWriter(
                prefix: directory + "/m", metadata: GGUFMetadata(), tensors: tensors, limits: .byteCount(limit))
            #expect(writer.paths.count == partCount)
        }
    }
}
