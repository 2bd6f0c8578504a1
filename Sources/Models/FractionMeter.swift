import Synchronization

/// Turns amounts of work done on several threads into a fraction.
package final class FractionMeter: Sendable {
    private let done = Atomic<Int>(0)
    private let total: Int
    private let report: @Sendable (Double) -> Void

    /// A meter of nothing done; `report` is told the fraction, from any thread.
    package init(total: Int, _ report: @escaping @Sendable (Double) -> Void) {
        self.total = max(1, total)
        self.report = report
    }

    /// Adds work that is done, and reports.
    package func add(_ amount: Int) {
        let sum = done.wrappingAdd(amount, ordering: .relaxed).newValue
        report(Double(sum) / Double(total))
    }
}
