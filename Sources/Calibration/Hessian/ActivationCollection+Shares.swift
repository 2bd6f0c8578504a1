import ErrorFeedback
import Evaluation
import Hessians
import Importance
import Journals
import ModelArchitecture
import Parallelism
import Runtime

extension ActivationCollection {
    /// What digests of such files begin with.
    private static let sharesSeed = Array("second moments 1\n".utf8)

    /// Collects the second moments of some sites and the sums of importance of their inputs, and writes them to a file of their
    /// own.
    ///
    /// - Parameters:
    ///   - share: The sites.
    ///   - pass: The model, which is run as far as the last of them.
    ///   - windows: The windows of all texts; they do not slide.
    ///   - blocks: How wide inputs are cut.
    ///   - parallel: The threads that multiply.
    ///   - spool: Receives each layer, and has what an earlier run has come to.
    ///   - path: The file, which appears when it is complete.
    ///   - progress: Called with the finished share of the work.
    package func writeMoments(
        of share: HessianShare, _ pass: ForwardPass, windows: [EvaluationWindow], blocks: ColumnBlocks,
        parallel: Parallel, spool: HessianSpool, to path: String, progress: @escaping @Sendable (Double) -> Void
    ) throws {
        let importance = try collect(
            share, pass, windows: windows, blocks: blocks, parallel: parallel, spool: spool, progress: progress)
        var writer = try RecordWriter(path: path, seed: Self.sharesSeed, expectedByteCount: 0)
        try writer.append(windows.count)
        try importance.append(to: &writer)
        try spool.append(to: &writer, layers: share.recordedLayers)
        try writer.finish()
    }

    /// Completes a file of second moments from the files of all shares, in the order of their sites.
    ///
    /// - Parameters:
    ///   - paths: The files of all shares.
    ///   - writer: The file that is completed.
    ///   - layout: The sites of that file.
    ///   - plan: The model.
    ///   - texts: The texts, which the importance matrix names.
    ///   - windowCount: How many windows each file has to be of.
    ///   - unusable: The error of a file, by its place, that has no moments of the model.
    /// - Returns: the importance matrix of the same windows.
    package func joinMoments(
        _ paths: [String], to writer: consuming HessianWriter, _ layout: HessianLayout, plan: DecoderPlan,
        texts: [EvaluationText], windowCount: Int, unusable: (_ place: Int) -> any Error
    ) throws -> ImportanceMatrix {
        let importance = ImportanceCollector()
        var next = 0
        for (place, path) in paths.enumerated() {
            guard let record = try Record(path: path, seed: Self.sharesSeed) else { throw unusable(place) }
            var reader = RecordReader(record)
            guard try reader.number() == windowCount, try importance.add(from: &reader, plan: plan) else {
                throw unusable(place)
            }
            while !reader.isAtEnd {
                let number = try reader.number()
                guard layout.indices ~= number, number >= next else { throw unusable(place) }
                try writer.append(encoded: number) { try reader.read(into: $0) }
                next = number + 1
            }
        }
        try writer.finish()
        return try matrix(importance, plan, texts: texts, windowCount: windowCount)
    }
}
