/// Chooses one of several forms for each of several items, so that all together cost least and fit a budget.
///
/// The multiple-choice knapsack problem, solved by dynamic programming over sizes that are rounded up, and then improved
/// one item at a time with exact sizes.
struct BudgetSolver {
    /// A form of an item.
    struct Choice: Hashable {
        let byteCount: Int
        let cost: Double
    }

    /// The forms of every item; none is empty.
    let items: [[Choice]]

    /// The sizes that are told apart.
    private static let cellCount = 1 << 15

    /// - Returns: the number of each item's form; nil if even the smallest forms are larger than the budget.
    func solve(byteLimit: Int) -> [Int]? {
        let smallest = items.map { item in item.indices.min { Self.order(item[$0], item[$1]) }! }
        let room = byteLimit - byteCount(of: smallest)
        guard room >= 0 else { return nil }
        let unit = max(1, room / Self.cellCount)
        var choices = program(cells: room / unit, unit: unit, smallest: smallest)
        improve(&choices, byteLimit: byteLimit)
        return choices
    }

    func byteCount(of choices: [Int]) -> Int { zip(items, choices).reduce(0) { $0 + $1.0[$1.1].byteCount } }

    func cost(of choices: [Int]) -> Double { zip(items, choices).reduce(0) { $0 + $1.0[$1.1].cost } }

    /// Whether one choice comes before another: the smaller first, of equal sizes the cheaper.
    private static func order(_ a: Choice, _ b: Choice) -> Bool { (a.byteCount, a.cost) < (b.byteCount, b.cost) }

    /// Dynamic programming over how many units more than the smallest forms are spent.
    private func program(cells: Int, unit: Int, smallest: [Int]) -> [Int] {
        var costs = [Double](repeating: 0, count: cells + 1)
        var decisions: [[UInt8]] = []
        for (item, least) in zip(items, smallest) {
            var next = [Double](repeating: .infinity, count: cells + 1)
            var decision = [UInt8](repeating: 0, count: cells + 1)
            for (number, choice) in item.enumerated() {
                let extra = (choice.byteCount - item[least].byteCount + unit - 1) / unit
                guard extra <= cells else { continue }
                for cell in extra...cells where costs[cell - extra] + choice.cost < next[cell] {
                    next[cell] = costs[cell - extra] + choice.cost
                    decision[cell] = UInt8(number)
                }
            }
            costs = next
            decisions.append(decision)
        }
        var cell = cells
        var choices = [Int](repeating: 0, count: items.count)
        for index in items.indices.reversed() {
            choices[index] = Int(decisions[index][cell])
            let choice = items[index][choices[index]]
            cell -= (choice.byteCount - items[index][smallest[index]].byteCount + unit - 1) / unit
        }
        return choices
    }

    /// Spends what rounding has left over, where it helps most for its bytes.
    private func improve(_ choices: inout [Int], byteLimit: Int) {
        var room = byteLimit - byteCount(of: choices)
        while true {
            var best: (item: Int, choice: Int, gain: Double, byteCount: Int)?
            for (index, item) in items.enumerated() {
                let now = item[choices[index]]
                for (number, choice) in item.enumerated() where choice.cost < now.cost {
                    let byteCount = choice.byteCount - now.byteCount
                    guard byteCount <= room else { continue }
                    let gain = (now.cost - choice.cost) / Double(max(1, byteCount))
                    if gain > best?.gain ?? 0 { best = (index, number, gain, byteCount) }
                }
            }
            guard let best else { return }
            choices[best.item] = best.choice
            room -= best.byteCount
        }
    }
}
