import Pipelines

/// Where work that consists of steps has come to, and how long the rest of it will take.
struct StepProgress: Equatable {
    let step: WorkStep
    let started: ContinuousClock.Instant
    /// How much longer than expected the steps before have taken, as a factor.
    private let slowness: Double

    /// Expectations below this say nothing of those that follow.
    private static let judgedSeconds = 5.0

    /// - Parameter previous: The step before.
    init(_ step: WorkStep, after previous: StepProgress?) {
        self.step = step
        started = .now
        guard let previous, let expected = previous.expectedSeconds, expected >= Self.judgedSeconds else {
            slowness = previous?.slowness ?? 1
            return
        }
        slowness = previous.slowness * previous.elapsed / expected
    }

    /// `step 2/4`.
    var words: String { "step \(step.number)/\(step.count)" }

    /// Seconds until all steps are done; nil if one of them cannot be judged.
    ///
    /// - Parameter stage: The seconds until the stage is done, if they are known: the step takes no less.
    func secondsLeft(stage: Double?) -> Double? {
        guard let expectedSeconds, let later = step.laterDuration else { return nil }
        return max(stage ?? 0, expectedSeconds - elapsed) + slowness * (later / .seconds(1))
    }

    private var expectedSeconds: Double? { step.duration.map { slowness * ($0 / .seconds(1)) } }

    private var elapsed: Double { (ContinuousClock.now - started) / .seconds(1) }
}
