import Foundation
import GGUF
import Importance
import Tensors
import TestSupport
import Testing

/// Files that must be refused, each with its own kind of error.
@Suite struct ImportanceRefusalTests {
    struct Tensor {
        var name: String
        var dimensions: [Int]
        var type = TensorType.f32
        var values: [Float]
    }

    static let sums = Tensor(name: "w.in_sum2", dimensions: [2, 2], values: [1, 2, 3, 4])
    static let counts = Tensor(name: "w.counts", dimensions: [1, 2], values: [1, 2])

    private func metadata() -> GGUFMetadata {
        var metadata = GGUFMetadata()
        metadata["general.type"] = .string("imatrix")
        metadata["imatrix.datasets"] = .array(.string(["text"]))
        metadata["imatrix.chunk_count"] = .uint32(1)
        metadata["imatrix.chunk_size"] = .uint32(512)
        return metadata
    }

    private func read(
        _ tensors: [Tensor] = [sums, counts], _ change: (inout GGUFMetadata) -> Void = { _ in }
    ) throws -> ImportanceMatrix {
        var metadata = metadata()
        change(&metadata)
        let descriptors = try tensors.map { tensor in
            let shape = try #require(TensorShape(tensor.dimensions))
            return try #require(TensorDescriptor(name: tensor.name, shape: shape, type: tensor.type))
        }
        return try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/matrix.gguf"
            var writer = try GGUFWriter(path: path, metadata: metadata, tensors: descriptors)
            for tensor in tensors {
                try tensor.values.withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
            }
            try writer.finish()
            return try ImportanceMatrix(contentsOf: path)
        }
    }

    private func kind(
        _ tensors: [Tensor] = [sums, counts], _ change: (inout GGUFMetadata) -> Void = { _ in }
    ) -> ImportanceError.Kind? {
        #expect(throws: ImportanceError.self) { try read(tensors, change) }?.kind
    }

    @Test func readsTheSmallestFile() throws {
        let matrix = try read()
        #expect(matrix.entries["w"]?.sums == [1, 2, 3, 4])
        #expect(matrix.entries["w"]?.counts == [1, 2])
    }

    @Test func refusesOtherFiles() {
        #expect(kind { $0["general.type"] = .string("model") } == .notImportance(type: "model"))
        #expect(kind { $0.remove("general.type") } == .notImportance(type: nil))
        #expect(kind { $0.remove("imatrix.datasets") } == .invalidKey("imatrix.datasets"))
        #expect(kind { $0["imatrix.chunk_count"] = .int32(-1) } == .invalidKey("imatrix.chunk_count"))
        #expect(kind { $0["imatrix.chunk_size"] = .string("1") } == .invalidKey("imatrix.chunk_size"))
        #expect(kind([]) == .noEntries)
    }

    @Test func refusesTensorsThatDoNotGoTogether() {
        #expect(kind([Self.sums]) == .unpaired(missing: "w.counts"))
        #expect(kind([Self.counts]) == .unpaired(missing: "w.in_sum2"))
        let three = Tensor(name: "w.counts", dimensions: [1, 3], values: [1, 2, 3])
        #expect(kind([Self.sums, three]) == .mismatchedCounts(found: 3, expected: 2))
        let integers = Tensor(name: "w.counts", dimensions: [1, 2], type: .i32, values: [1, 2])
        #expect(kind([Self.sums, integers]) == .wrongType(.i32))
    }

    @Test(arguments: [-1, Float.nan, .infinity]) func refusesImpossibleNumbers(value: Float) {
        var broken = Self.sums
        broken.values[3] = value
        #expect(kind([broken, Self.counts]) == .invalidNumber)
        var counts = Self.counts
        counts.values[0] = value
        #expect(kind([Self.sums, counts]) == .invalidNumber)
    }

    @Test func writesNoEmptyMatrix() {
        let empty = ImportanceMatrix(entries: [:], datasets: [], chunkCount: 0, chunkSize: 0)
        let error = #expect(throws: ImportanceError.self) { try empty.write(to: "/nonexistent/matrix.gguf") }
        #expect(error?.kind == .noEntries)
    }
}
