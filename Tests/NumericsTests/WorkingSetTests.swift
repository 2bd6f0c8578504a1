import Numerics
import Testing

/// How needs of memory add up.
@Suite struct WorkingSetTests {
    private let rows = WorkingSet("rows", floatCount: 5)
    private let sums = WorkingSet("sums", byteCount: 100)

    @Test func whatIsHeldTogetherAddsUpByName() {
        let sum = rows + sums + rows
        #expect(sum.byteCount == 140)
        #expect(sum.parts.map(\.name) == ["rows", "sums"] && sum.parts.map(\.byteCount) == [40, 100])
        #expect((3 * sum).byteCount == 420)
        #expect((WorkingSet.none + rows) == rows && (0 * rows).byteCount == 0)
    }

    @Test func whatIsGivenBackCountsOnce() {
        #expect(WorkingSet.largest([rows, sums, rows]) == sums)
        #expect(WorkingSet.largest([]) == .none)
    }

    @Test func whatIsUsedAgainCountsByPart() {
        let set = (rows + sums).reused(for: 10 * rows)
        #expect(set.parts.map(\.byteCount) == [200, 100])
    }

    @Test func isReadable() {
        #expect(
            (rows + sums + WorkingSet("states", byteCount: 5000)).description == "rows 1 KiB, sums 1 KiB, states 5 KiB")
    }
}
