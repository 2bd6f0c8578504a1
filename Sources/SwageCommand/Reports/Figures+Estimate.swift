import Reporting

extension Figures {
    /// A sentence on how long the work will take; for standard error, since no two runs agree on it.
    static func estimate(_ duration: Duration) -> DisplayText {
        let seconds = duration / .seconds(1)
        let amount = seconds < 120 ? "\(decimal(max(1, seconds), 0)) s" : "\(decimal(seconds / 60, 0)) minutes"
        return "writing it would take about \(amount)\n"
    }
}
