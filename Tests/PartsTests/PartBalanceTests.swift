import Parts
import Testing

/// How costs are divided.
@Suite struct PartBalanceTests {
    /// The smallest largest sum of all divisions, by trying every one.
    private static func best(_ costs: [Double], _ count: Int) -> Double {
        guard count > 1 else { return costs.reduce(0, +) }
        return (1...(costs.count - count + 1)).map { end in
            max(costs[..<end].reduce(0, +), best(Array(costs[end...]), count - 1))
        }.min() ?? .infinity
    }

    @Test(arguments: [
        [5, 1, 1, 1, 5, 1, 1, 9, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1], [8, 7, 6, 5, 4, 3, 2, 1], [0, 0, 3, 0, 0, 0],
        [1, 100, 1, 1, 100, 1, 1, 1, 1, 50],
    ])
    func noDivisionIsBetter(costs: [Double]) {
        for count in 1...costs.count {
            let cut = PartBalance.cut(costs, into: count)
            #expect(cut.count == count && cut.first?.lowerBound == 0 && cut.last?.upperBound == costs.count)
            #expect(zip(cut, cut.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
            #expect(cut.allSatisfy { !$0.isEmpty })
            #expect((cut.map { costs[$0].reduce(0, +) }.max() ?? 0) <= Self.best(costs, count) * (1 + 1e-12))
        }
    }

    @Test func fewerThanStretches() {
        let cut = PartBalance.cut([2, 3], into: 5)
        #expect(cut.count == 5 && cut.reduce(0) { $0 + $1.count } == 2)
        #expect(PartBalance.cut([], into: 3) == [0..<0, 0..<0, 0..<0])
    }
}
