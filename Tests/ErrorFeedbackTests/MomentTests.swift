import ErrorFeedback
import Numerics
import Parallelism
import Testing

@Suite("Second moments")
struct MomentTests {
    private func rows(_ count: Int, _ columns: Int, seed: UInt64) -> [Float] {
        var random = SeededRandom(seed: seed)
        return (0..<count * columns).map { _ in Float.random(in: -1...1, using: &random) }
    }

    @Test("are XᵀX, whatever the threads and the pieces")
    func products() {
        let columns = 300
        let pieces = [40, 1, 256].enumerated().map { (rows: rows($1, columns, seed: UInt64($0)), count: $1) }
        var product = MomentProduct(columns: columns)
        product.add(pieces, parallel: Parallel(threadCount: 1))
        #expect(product.moments.rowCount == 297)
        let all = pieces.flatMap(\.rows)
        for (first, second) in [(0, 0), (3, 290), (290, 3), (299, 299), (256, 255)] {
            let expected = (0..<297).reduce(0.0) {
                $0 + Double(all[$1 * columns + first]) * Double(all[$1 * columns + second])
            }
            #expect(abs(Double(product.moments.values[first * columns + second]) - expected) < 1e-4)
        }
        var parallel = MomentProduct(columns: columns)
        parallel.add(pieces, parallel: Parallel(threadCount: 3))
        #expect(parallel.moments.values == product.moments.values)
    }

    @Test("of few rows are drawn toward others in shape, not in size")
    func prior() {
        let own = SecondMoments(columns: 2, values: [8, 0, 0, 0], rowCount: 2)
        let layer = SecondMoments(columns: 2, values: [100, 0, 0, 100], rowCount: 100)
        // Of mean square 4 and 2: the prior's 6 rows count as 6 · 2 per column.
        #expect(own.drawn(toward: layer, priorRowCount: 6).values == [20, 0, 0, 12])
        let unseen = SecondMoments(columns: 2, values: [0, 0, 0, 0], rowCount: 0)
        #expect(unseen.drawn(toward: layer, priorRowCount: 6).values == [6, 0, 0, 6])
    }
}
