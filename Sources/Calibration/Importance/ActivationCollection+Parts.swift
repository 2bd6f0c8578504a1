import Evaluation
import Importance
import Journals
import ModelArchitecture
import Runtime

extension ActivationCollection {
    /// What digests of such files begin with.
    private static let sumsSeed = Array("importance sums 1\n".utf8)

    /// Collects the sums of some windows, and writes them to a file of their own.
    ///
    /// - Parameters:
    ///   - pass: The model.
    ///   - windows: The windows of this part.
    ///   - spool: Where finished work is kept and found again.
    ///   - path: The file, which appears when it is complete.
    ///   - progress: Called with the finished share of the work.
    package func writeSums(
        _ pass: ForwardPass, windows: [EvaluationWindow], spool: ImportanceSpool, to path: String,
        progress: @escaping @Sendable (Double) -> Void
    ) throws {
        let collector = ImportanceCollector()
        try collect(pass, windows: windows, into: collector, spool: spool, snapshot: { _ in }, progress: progress)
        var writer = try RecordWriter(path: path, seed: Self.sumsSeed, expectedByteCount: 0)
        try writer.append(windows.count)
        try collector.append(to: &writer)
        try writer.finish()
    }

    /// The importance matrix of the sums that files have.
    ///
    /// - Parameters:
    ///   - paths: The files of all parts.
    ///   - plan: The model.
    ///   - texts: The texts, which the matrix names.
    ///   - windowCount: How many windows the files have to be of together.
    ///   - unusable: The error of a file, by its place, that has no sums of the model.
    package func joined(
        _ paths: [String], plan: DecoderPlan, texts: [EvaluationText], windowCount: Int,
        unusable: (_ place: Int) -> any Error
    ) throws -> ImportanceMatrix {
        let collector = ImportanceCollector()
        var found = 0
        for (place, path) in paths.enumerated() {
            guard let record = try Record(path: path, seed: Self.sumsSeed) else { throw unusable(place) }
            var reader = RecordReader(record)
            let (count, overflow) = found.addingReportingOverflow(max(0, try reader.number()))
            guard !overflow, try collector.add(from: &reader, plan: plan) else { throw unusable(place) }
            found = count
        }
        guard found == windowCount else { throw unusable(0) }
        return try matrix(collector, plan, texts: texts, windowCount: windowCount)
    }
}
