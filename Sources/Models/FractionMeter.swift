import Synchronization

/// Turns amounts of work done on several threads into a fraction.
final class FractionMeter: Sendable {
    private let done = Atomic<Int>(0)
    private let total: Int
    private let report: @Sendable (Double) -> Void

    init(total: Int, _ report: @escaping @Sendable (Double) -> Void) {
        self.total = max(1, total)
        self.report = report
    }

    func add(_ amount: Int) {
        let sum = done.wrappingAdd(amount, ordering: .relaxed).newValue
        report(Double(sum) / Double(total))
    }
}
