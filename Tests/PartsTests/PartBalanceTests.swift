import Parts
import Testing

/// How costs are divided.
@Suite struct PartBalanceTests {
    /// The smallest largest sum of all divisions, by trying every one.
    private static func best(_ costs: [Double], _ before: [Double], _ count: Int) -> Double {
        guard count > 1 else { return costs.reduce(before[costs.count - 1], +) }
        return (1...(costs.count - count + 1)).map { end in
            max(
                costs[..<end].reduce(before[end - 1], +),
                best(Array(costs[end...]), Array(before[end...]), count - 1))
        }.min() ?? .infinity
    }

    private static func check(_ cut: [Range<Int>], _ costs: [Double], count: Int) {
        #expect(cut.count == count && cut.first?.lowerBound == 0 && cut.last?.upperBound == costs.count)
        #expect(zip(cut, cut.dropFirst()).allSatisfy { $0.upperBound == $1.lowerBound })
        #expect(cut.allSatisfy { !$0.isEmpty })
    }

    @Test(arguments: [
        [5, 1, 1, 1, 5, 1, 1, 9, 1, 1], [1, 1, 1, 1, 1, 1, 1, 1], [8, 7, 6, 5, 4, 3, 2, 1], [0, 0, 3, 0, 0, 0],
        [1, 100, 1, 1, 100, 1, 1, 1, 1, 50],
    ])
    func noDivisionIsBetter(costs: [Double]) {
        for count in 1...costs.count {
            let cut = PartBalance.cut(costs, into: count)
            Self.check(cut, costs, count: count)
            let best = Self.best(costs, costs.map { _ in 0 }, count)
            #expect((cut.map { costs[$0].reduce(0, +) }.max() ?? 0) <= best * (1 + 1e-12))
        }
    }

    /// What stretches take beside their own elements grows with their end.
    @Test(arguments: [
        ([1, 1, 1, 1, 1, 1, 1, 1], [1, 1, 2, 2, 3, 3, 4, 4]), ([5, 1, 1, 9, 1, 1, 2], [0, 0, 10, 10, 20, 20, 20]),
        ([1, 2, 3, 4, 5], [100, 200, 300, 400, 500]), ([30, 20, 10, 5, 1, 1], [1, 1, 1, 1, 1, 1]),
    ])
    func noDivisionIsBetterWithWhatIsBefore(costs: [Double], before: [Double]) {
        for count in 1...costs.count {
            let cut = PartBalance.cut(costs, before: before, into: count)
            Self.check(cut, costs, count: count)
            let largest = cut.map { costs[$0].reduce(before[$0.upperBound - 1], +) }.max() ?? 0
            #expect(largest <= Self.best(costs, before, count) * (1 + 1e-12), "\(cut)")
        }
    }

    @Test func fewerThanStretches() {
        let cut = PartBalance.cut([2, 3], into: 5)
        #expect(cut.count == 5 && cut.reduce(0) { $0 + $1.count } == 2)
        #expect(PartBalance.cut([], into: 3) == [0..<0, 0..<0, 0..<0])
    }
}
