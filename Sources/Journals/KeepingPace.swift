/// Says when it is time to keep what work has come to: when the work since the last time took ten times as long as keeping
/// did, so that large states on slow disks do not hold it up.
package struct KeepingPace: Sendable {
    private var ended = ContinuousClock.now
    private var cost = Duration.zero

    private static let share = 10

    /// A pace at whose first question it is time.
    package init() {}

    /// Keeps something, if it is time.
    ///
    /// - Parameters:
    ///   - isUrgent: Whether it is time in any case.
    ///   - keep: Keeps it.
    package mutating func run(isUrgent: Bool = false, _ keep: () throws -> Void) rethrows {
        let start = ContinuousClock.now
        guard isUrgent || start - ended >= cost * Self.share else { return }
        try keep()
        ended = .now
        cost = ended - start
    }
}
