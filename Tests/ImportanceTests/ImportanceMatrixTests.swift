import Files
import Foundation
import GGUF
import Importance
import Tensors
import TestSupport
import Testing

/// `two-layers.gguf` was made by llama-imatrix from the first two layers of a small Mixtral, over 16 tokens of text.
@Suite struct ImportanceMatrixTests {
    private static let golden = Fixtures.path("golden/importance/two-layers.gguf")

    private func descriptor(_ name: String, _ dimensions: [Int]) throws -> TensorDescriptor {
        let shape = try #require(TensorShape(dimensions))
        return try #require(TensorDescriptor(name: name, shape: shape, type: .f32))
    }

    @Test func readsTheFileOfTheReference() throws {
        let matrix = try ImportanceMatrix(contentsOf: Self.golden)
        #expect(matrix.entries.count == 16)
        #expect(matrix.datasets == ["Fixtures/text/calib/fiction-en.txt"])
        #expect(matrix.chunkSize == 16)
        #expect(matrix.chunkCount == 1)
        let entry = try #require(matrix.entries["blk.0.ffn_down_exps.weight"])
        #expect(entry.rowLength == 512)
        #expect(entry.expertCount == 8)
        #expect(entry.counts == [5, 0, 5, 5, 5, 4, 5, 3])
        #expect(Array(entry.sums[2 * 512..<2 * 512 + 3]) == [0.0805902, 247.26447, 11.376796])
        #expect(Array(entry.sums.suffix(2)) == [49.621647, 1.6165966])
        #expect(matrix.entries["blk.1.attn_q.weight"]?.expertCount == 1)
    }

    @Test func writesTheSameBytesAsTheReference() throws {
        let matrix = try ImportanceMatrix(contentsOf: Self.golden)
        try Fixtures.withTemporaryDirectory { directory in
            try matrix.write(to: "\(directory)/out.gguf")
            #expect(try ReadableFile.contents(of: "\(directory)/out.gguf") == ReadableFile.contents(of: Self.golden))
        }
    }

    @Test func weightsAreMeanSquares() throws {
        let entry = try #require(
            ImportanceMatrix.Entry(rowLength: 2, sums: [4, 8, 0, 0, 9, 3], counts: [4, 0, 3]))
        let matrix = ImportanceMatrix(entries: ["w": entry], datasets: [], chunkCount: 1, chunkSize: 512)
        let weight = try descriptor("w", [2, 5, 3])
        #expect(try matrix.weights(for: weight, expert: 0) == [1, 2])
        #expect(try matrix.weights(for: weight, expert: 1) == nil)
        #expect(try matrix.weights(for: weight, expert: 2) == [3, 1])
        #expect(try matrix.weights(for: descriptor("other", [2, 5])) == nil)
        for dimensions in [[3, 5, 3], [2, 5], [2, 5, 2], [6, 5]] {
            let error = try #require(throws: ImportanceError.self) {
                try matrix.weights(for: descriptor("w", dimensions))
            }
            #expect(error.tensor == "w")
            guard case .wrongShape(2, 3, dimensions[0], _) = error.kind else {
                Issue.record("\(error)")
                continue
            }
        }
    }

    @Test func entriesRefuseImpossibleNumbers() {
        typealias Entry = ImportanceMatrix.Entry
        #expect(Entry(rowLength: 2, sums: [1, 2], counts: [1]) != nil)
        #expect(Entry(rowLength: 2, sums: [1, -2], counts: [1]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, .nan], counts: [1]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, .infinity], counts: [1]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, 2], counts: [-1]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, 2], counts: [.nan]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, 2], counts: [0.5]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, 2], counts: [1, 1]) == nil)
        #expect(Entry(rowLength: 2, sums: [1, 2, 3], counts: [1]) == nil)
        #expect(Entry(rowLength: 0, sums: [], counts: [1]) == nil)
        #expect(Entry(rowLength: 2, sums: [], counts: []) == nil)
        #expect(Entry(rowLength: .max, sums: [1], counts: [1, 1, 1]) == nil)
    }
}
