import ErrorFeedback
import Numerics
import Parallelism
import TestSupport
import Testing

/// What moments and their factors say that they need, against the memory that the system sees a process take.
///
/// Each measurement has a process of its own.
@Suite(.enabled("the system does not tell the peak") { PeakMemory.isKnown }) struct WorkingSetTests {
    @Test func metric() async { await #expect(processExitsWith: .success) { try Case().checkMetric() } }

    @Test func pairedMoments() async { await #expect(processExitsWith: .success) { try Case().checkPairedMoments() } }
}

/// Inputs of as many columns as make the least of what is measured a matter of megabytes.
private struct Case {
    private let columns = 1536
    private let rowCount = 512
    private let inputs: [Float]
    private let parallel = Parallel(threadCount: 2)

    init() throws {
        var random = SeededRandom(seed: 1)
        inputs = (0..<rowCount * columns).map { _ in Float.random(in: -1...1, using: &random) }
        // Code that is run for the first time is read from files.
        _ = FeedbackMetric(try moments(columns: 256).moments, damping: 0.01, groupLength: 8)
    }

    private func moments(columns: Int) throws -> PairedMoments {
        try inputs.withUnsafeBufferPointer {
            let rows = PairedMoments.Rows(
                inputs: $0.baseAddress!, references: $0.baseAddress!, weights: nil, count: rowCount,
                stride: self.columns)
            return try PairedMoments(columns: columns, rows, parallel: parallel)
        }
    }

    func checkMetric() throws {
        let moments = try moments(columns: columns).moments
        let peak = try PeakMemory.of { FeedbackMetric(moments, damping: 0.01, groupLength: 8) }
        let set = FeedbackMetric.workingSet(columns: columns, groupLength: 8)
        expect(set.kept + set.making, peak.byteCount)
    }

    func checkPairedMoments() throws {
        let peak = try PeakMemory.of {
            let pair = try moments(columns: columns)
            let factor = try #require(pair.factor(damping: 0.1))
            return (pair, try pair.correction(factor, parallel: parallel))
        }
        let set = PairedMoments.workingSet(columns: columns, rowCount: rowCount, threadCount: parallel.threadCount)
        let correction = DriftCorrection.workingSet(columns: columns, threadCount: parallel.threadCount)
        expect(
            set.kept + .largest([set.summing, set.factor + set.solving + correction.kept]), peak.byteCount)
    }

    /// Fails unless a set holds what was measured, and is not much larger.
    private func expect(_ set: WorkingSet, _ peak: Int) {
        let allocatorLoss = 6 << 20
        #expect(set.byteCount + allocatorLoss >= peak, "\(set.byteCount) of \(peak): \(set)")
        #expect(set.byteCount <= peak + peak / 2 + allocatorLoss, "\(set.byteCount) of \(peak): \(set)")
    }
}
