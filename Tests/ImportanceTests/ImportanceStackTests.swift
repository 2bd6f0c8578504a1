import Importance
import Tensors
import Testing

/// Expected values: by hand from the formula (Σx² + 32 · profile · size) / (rows + 32).
@Suite struct ImportanceStackTests {
    private func matrix(_ sums: [Float], _ counts: [Float], chunkSize: Int = 512) throws -> ImportanceMatrix {
        let entry = try #require(
            ImportanceMatrix.Entry(rowLength: sums.count / counts.count, sums: sums, counts: counts))
        return ImportanceMatrix(entries: ["w": entry], datasets: [], chunkCount: 1, chunkSize: chunkSize)
    }

    private func tensor(_ dimensions: Int...) throws -> TensorDescriptor {
        let shape = try #require(TensorShape(dimensions))
        return try #require(TensorDescriptor(name: "w", shape: shape, type: .f32))
    }

    @Test func fewRowsAreDrawnTowardTheMeanProfile() throws {
        // Means (1, 3), size 4, 32 rows, and (20, 0), size 20, 96 rows: profile (0.25, 0.75) · ¼ + (1, 0) · ¾.
        let weights = try #require(
            try matrix([32, 96, 1920, 0, 0, 0], [32, 96, 0]).stackWeights(for: tensor(2, 1, 3)))
        let profile: [Float] = [0.25 * 0.25 + 0.75, 0.75 * 0.25]
        #expect(weights[0] == [0.5 * 1 + 0.5 * 4 * profile[0], 0.5 * 3 + 0.5 * 4 * profile[1]])
        #expect(weights[1] == [0.75 * 20 + 0.25 * 20 * profile[0], 0.25 * 20 * profile[1]])
        #expect(weights[2] == profile)
    }

    @Test func aWeightWithoutExpertsIsItsMean() throws {
        #expect(try matrix([6, 9], [3]).stackWeights(for: tensor(2, 5)) == [[2, 3]])
    }

    @Test func nothingSeenIsNothingKnown() throws {
        #expect(try matrix([0, 0], [0]).stackWeights(for: tensor(2, 5)) == nil)
        #expect(try matrix([0, 0, 0, 0], [0, 0]).stackWeights(for: tensor(2, 5, 2)) == nil)
    }

    /// The older form has the rows of all experts in one.
    @Test func olderFormsAreCutIntoExperts() throws {
        let weights = try matrix([2, 4, 6, 8], [2], chunkSize: 0).stackWeights(for: tensor(2, 7, 2))
        #expect(weights == [[1, 2], [3, 4]])
    }

    /// Entropies: scipy.stats.entropy(base=2).
    @Test func statistics() throws {
        let matrix = try matrix([1, 1, 2, 4, 0, 0, 0, 0], [2, 0])
        let entry = try #require(matrix.entries["w"])
        let statistics = try #require(entry.statistics(expert: 0))
        #expect(statistics.rowCount == 2 && statistics.sum == 4 && statistics.least == 0.5 && statistics.greatest == 2)
        #expect(abs(statistics.entropy - 1.75) < 1e-12 && abs(statistics.relativeEntropy - 0.875) < 1e-12)
        #expect(statistics.activeShare == 1)
        #expect(entry.statistics(expert: 1) == nil)
        #expect(entry.expertCount(below: 1) == 1 && entry.expertCount(below: 3) == 2)
    }
}
