import Reporting

extension Figures {
    /// A sentence on how long the work will take; for standard error, since no two runs agree on it.
    static func estimate(_ time: Duration) -> DisplayText {
        "writing it would take about \(duration(max(1, (time / .seconds(1)).rounded())))\n"
    }
}
