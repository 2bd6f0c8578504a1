import Importance
import Testing

@Suite struct ImportanceMergeTests {
    private func matrix(
        _ name: String, _ sums: [Float], _ counts: [Float], text: String, chunkCount: Int = 3, chunkSize: Int = 512
    ) throws -> ImportanceMatrix {
        let entry = try #require(
            ImportanceMatrix.Entry(rowLength: sums.count / counts.count, sums: sums, counts: counts))
        return ImportanceMatrix(
            entries: [name: entry], datasets: [text], chunkCount: chunkCount, chunkSize: chunkSize)
    }

    @Test func addsSumsCountsAndChunks() throws {
        var merged = try matrix("w", [1, 2, 3, 4], [1, 0], text: "a")
        try merged.merge(matrix("w", [10, 20, 30, 40], [2, 5], text: "b", chunkCount: 5, chunkSize: 256))
        try merged.merge(matrix("v", [7], [1], text: "b"))
        #expect(merged.entries["w"]?.sums == [11, 22, 33, 44])
        #expect(merged.entries["w"]?.counts == [3, 5])
        #expect(merged.entries["v"]?.sums == [7])
        #expect(merged.datasets == ["a", "b"])
        #expect(merged.chunkCount == 3 + 3 + 3)
        #expect(merged.chunkSize == 512)
    }

    @Test func refusesOtherShapesAndUnknownCounts() throws {
        var first = try matrix("w", [1, 2, 3, 4], [1, 1], text: "a")
        let before = first
        #expect(throws: ImportanceError.self) { try first.merge(matrix("w", [1, 2], [1], text: "b")) }
        let unknown = #expect(throws: ImportanceError.self) {
            try first.merge(matrix("w", [1, 2, 3, 4], [1, 1], text: "b", chunkSize: 0))
        }
        #expect(unknown?.kind == .unmergeable)
        let large = try matrix("w", [3e38, 0, 0, 0], [1, 1], text: "c")
        var sum = large
        #expect(throws: ImportanceError.self) { try sum.merge(large) }
        #expect(first == before)
    }
}
