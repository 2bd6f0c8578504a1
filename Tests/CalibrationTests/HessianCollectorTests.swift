import Calibration
import ErrorFeedback
import ModelArchitecture
import Numerics
import Parallelism
import Runtime
import Synchronization
import Testing

/// Keeps what a collector hands over.
private final class Received: Sendable {
    private let list = Mutex<[(site: ActivationSite, block: Int, moments: SecondMoments)]>([])

    func append(_ site: ActivationSite, _ block: Int, _ moments: SecondMoments) {
        list.withLock { $0.append((site, block, moments)) }
    }

    var all: [(site: ActivationSite, block: Int, moments: SecondMoments)] { list.withLock { $0 } }
}

@Suite("Collection of second moments")
struct HessianCollectorTests {
    private static let columns = 24
    private static let sites = [
        ActivationSite(layer: 1, input: .expertsDown, expert: 2), ActivationSite(layer: 1, input: .experts, expert: 2),
        ActivationSite(layer: 1, input: .router, expert: 0),
    ]

    private func rows(_ piece: Int, _ site: Int) -> [Float] {
        var random = SeededRandom(seed: UInt64(100 * site + piece))
        return (0..<(piece + 1) * Self.columns).map { _ in Float.random(in: -1...1, using: &random) }
    }

    /// Two stages with the same pieces, which come in some order.
    private func collect(order: [Int], threadCount: Int) throws -> Received {
        let received = Received()
        let collector = HessianCollector(
            parallel: Parallel(threadCount: threadCount), observes: { $0.input != .router }, receive: received.append)
        for _ in 0..<2 {
            try Parallel(threadCount: threadCount).forEach(order.count) { index, _ in
                for (number, site) in Self.sites.enumerated() {
                    let rows = self.rows(order[index], number)
                    rows.withUnsafeBufferPointer {
                        collector.observe(
                            ActivationRows($0.baseAddress!, count: order[index] + 1, columns: Self.columns), of: site,
                            piece: order[index])
                    }
                }
            }
            collector.endStage()
        }
        return received
    }

    @Test("hands over XᵀX of each wanted site at the end of each stage")
    func products() throws {
        let received = try collect(order: [4, 0, 3, 1, 2], threadCount: 1).all
        #expect(received.map(\.site) == [Self.sites[1], Self.sites[0], Self.sites[1], Self.sites[0]])
        for (place, number) in [(0, 1), (1, 0)] {
            let moments = received[place].moments
            #expect(moments.rowCount == 15)
            let rows = (0..<5).flatMap { self.rows($0, number) }
            for first in 0..<Self.columns {
                for second in 0..<Self.columns {
                    let expected = stride(from: 0, to: rows.count, by: Self.columns).reduce(0.0) {
                        $0 + Double(rows[$1 + first]) * Double(rows[$1 + second])
                    }
                    #expect(abs(Double(moments.values[first * Self.columns + second]) - expected) < 1e-5)
                }
            }
        }
    }

    @Test("sums the wanted blocks of columns, each by itself")
    func blocks() throws {
        let received = Received()
        let collector = HessianCollector(
            parallel: Parallel(threadCount: 2), blocks: { [5..<16, 16..<$0] }, receive: received.append)
        for piece in 0..<3 {
            for (number, site) in Self.sites.enumerated() {
                rows(piece, number).withUnsafeBufferPointer {
                    collector.observe(
                        ActivationRows($0.baseAddress!, count: piece + 1, columns: Self.columns), of: site,
                        piece: piece)
                }
            }
        }
        collector.endStage()
        for (site, block, moments) in received.all {
            let wanted = block == 0 ? 5..<16 : 16..<Self.columns
            #expect(moments.columns == wanted.count && moments.rowCount == 6)
            let rows = (0..<3).flatMap { self.rows($0, Self.sites.firstIndex(of: site)!) }
            for (place, value) in moments.values.enumerated() {
                let (first, second) = (place / wanted.count, place % wanted.count)
                let expected = stride(from: wanted.lowerBound, to: rows.count, by: Self.columns).reduce(0.0) {
                    $0 + Double(rows[$1 + first]) * Double(rows[$1 + second])
                }
                #expect(abs(Double(value) - expected) < 1e-5)
            }
        }
        #expect(received.all.map(\.block) == [0, 1, 0, 1, 0, 1])
    }

    /// Σ w²·x·xᵀ: an error on a row changes the states by the row's weight.
    @Test("counts rows by the squares of their weights")
    func weights() throws {
        let received = Received()
        let collector = HessianCollector(parallel: Parallel(threadCount: 1), receive: received.append)
        let rows: [Float] = [1, 2, 3, -4, 5, 6]
        let weights: [Float] = [9, 0.5, 0.25, 2, 9]
        rows.withUnsafeBufferPointer {
            collector.observe(
                ActivationRows($0.baseAddress!, count: 3, columns: 2, weights: weights[1..<4]), of: Self.sites[0],
                piece: 0)
        }
        collector.endStage()
        let moments = try #require(received.all.first).moments
        // 1, 2 by 1/2; 3, -4 by 1/4; 5, 6 by 2.
        #expect(moments.values == [100.8125, 119.75, 119.75, 146])
        #expect(moments.rowCount == 3)
    }

    @Test("gives the same sums for any order and number of threads")
    func determinism() throws {
        let first = try collect(order: [0, 1, 2, 3, 4], threadCount: 1).all
        for (order, threadCount) in [([4, 2, 0, 1, 3], 1), ([3, 1, 4, 2, 0], 4)] {
            let again = try collect(order: order, threadCount: threadCount).all
            #expect(again.map(\.site) == first.map(\.site))
            #expect(again.map(\.moments.values) == first.map(\.moments.values))
        }
    }
}
