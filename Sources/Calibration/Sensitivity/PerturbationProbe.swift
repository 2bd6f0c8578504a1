import Evaluation
import Numerics
import Parallelism
import Runtime

/// Measures how far errors in some of a model's weights move its predictions, many sets of errors in one walk through the
/// layers.
///
/// Every perturbation has a residual stream of its own from the first layer that it changes; the streams go through all
/// other layers together, so that the original's weights are read once.
public struct PerturbationProbe {
    /// A part of a model that a perturbation may change.
    public enum Part: Sendable, Hashable {
        /// The token embedding.
        case embedding
        /// The output matrix and the norm before it.
        case output
        /// All matrices of the layer of this number.
        case layer(Int)
    }

    private let original: ForwardPass
    private let windows: [EvaluationWindow]
    private let sequences: [TokenSequence]
    private let tokenCount: Int

    /// Models whose logits are compared at a time.
    private static let comparedCount = 8

    /// A probe of a model on some windows.
    ///
    /// - Parameters:
    ///   - original: The model whose predictions are the reference.
    ///   - windows: What predictions are compared on.
    public init(_ original: ForwardPass, windows: [EvaluationWindow]) {
        self.original = original
        self.windows = windows
        sequences = windows.map(\.tokens)
        tokenCount = sequences.reduce(0) { $0 + $1.count }
    }

    /// The memory of running perturbations, without that of the changed weights.
    package func workingSet(perturbationCount count: Int) -> WorkingSet {
        let streams =
            (1 + count)
            * HiddenStates.workingSet(
                "residual stream", rowCount: tokenCount, columns: original.plan.embeddingLength)
        let rowCount = windows.reduce(0) { $0 + $1.scored.count }
        let compared =
            (1 + Self.comparedCount)
            * (original.finalStateWorkingSet(rowCount: rowCount) + original.logitWorkingSet(rowCount: rowCount))
        let layer = original.workingSet(BatchSize(sequences)) + original.stageWorkingSet(tokenCount: tokenCount)
        return streams + .largest([layer, compared])
    }

    /// Runs perturbations.
    ///
    /// - Parameters:
    ///   - perturbations: The parts that each changes.
    ///   - changed: Makes the model as a perturbation has it, as far as one part goes; parts are asked for in the order in
    ///     which they compute.
    ///   - progress: Called with the finished share of the work.
    /// - Returns: the mean KL divergence from the original's predictions, in nats per scored token, of each.
    public func divergences(
        of perturbations: [Set<Part>], changed: (_ perturbation: Int, _ part: Part) throws -> ForwardPass,
        progress: (Double) -> Void
    ) throws -> [Double] {
        try divergences(of: perturbations, spool: nil, changed: changed, progress: progress)
    }

    /// Runs perturbations, and keeps what they have come to.
    ///
    /// - Parameters:
    ///   - perturbations: The parts that each changes.
    ///   - spool: Where finished work is kept and found again.
    ///   - changed: Makes the model as a perturbation has it, as far as one part goes.
    ///   - progress: Called with the finished share of the work.
    /// - Returns: the mean KL divergence from the original's predictions, in nats per scored token, of each.
    package func divergences(
        of perturbations: [Set<Part>], spool: SensitivitySpool?,
        changed: (_ perturbation: Int, _ part: Part) throws -> ForwardPass, progress: (Double) -> Void
    ) throws -> [Double] {
        if let divergences = try spool?.loadDivergences(count: perturbations.count) { return divergences }
        let found = try spool?.loadProbing(count: perturbations.count, rowCount: tokenCount)
        let base = try found?.base ?? original.embedding(of: sequences)
        var streams = try found?.streams ?? embedded(perturbations, changed)
        let layerCount = original.plan.layerCount
        for layer in ((found?.layer ?? -1) + 1)..<layerCount {
            let common = streams.indices.filter { streams[$0] != nil && !perturbations[$0].contains(.layer(layer)) }
            for (number, parts) in perturbations.enumerated() where parts.contains(.layer(layer)) {
                let stream = streams[number] ?? HiddenStates(joining: [base])
                try changed(number, .layer(layer)).run(layer: layer, of: sequences, stream)
                streams[number] = stream
            }
            try run(layer: layer, [base] + common.compactMap { streams[$0] })
            try spool?.keepProbing(layer: layer, base, streams)
            progress(Double(layer + 1) / Double(layerCount + 1))
        }
        let divergences = try compare(perturbations, base, streams, changed)
        try spool?.keepDivergences(divergences)
        return divergences
    }

    /// The streams of perturbations of the embedding; nil for others.
    private func embedded(
        _ perturbations: [Set<Part>], _ changed: (Int, Part) throws -> ForwardPass
    ) throws -> [HiddenStates?] {
        try perturbations.enumerated().map { number, parts in
            parts.contains(.embedding) ? try changed(number, .embedding).embedding(of: sequences) : nil
        }
    }

    /// Takes streams through a layer of the original, as many at a time as memory allows.
    private func run(layer: Int, _ streams: [HiddenStates]) throws {
        let size = BatchSize(
            tokenCount: streams.count * tokenCount, longestSequence: sequences.map(\.count).max() ?? 0)
        let length = max(
            1,
            original.memory.count(
                of: original.stateWorkingSet(tokenCount: tokenCount), beside: original.workingSet(size)))
        for start in stride(from: 0, to: streams.count, by: length) {
            let group = Array(streams[start..<min(streams.count, start + length)])
            guard group.count > 1 else {
                try original.run(layer: layer, of: sequences, group[0])
                continue
            }
            let joint = HiddenStates(joining: group)
            try original.run(layer: layer, of: group.flatMap { _ in sequences }, joint)
            for (position, stream) in group.enumerated() { stream.copyRows(of: joint, from: position * tokenCount) }
        }
    }

    private func compare(
        _ perturbations: [Set<Part>], _ base: HiddenStates, _ streams: [HiddenStates?],
        _ changed: (Int, Part) throws -> ForwardPass
    ) throws -> [Double] {
        let (rows, tokens) = EvaluationWindow.scored(windows)
        let reference = (original, try original.finalStates(of: rows, in: base))
        var divergences: [Double] = []
        for start in stride(from: 0, to: perturbations.count, by: Self.comparedCount) {
            let numbers = start..<min(perturbations.count, start + Self.comparedCount)
            let models = try numbers.map { number in
                let pass = perturbations[number].contains(.output) ? try changed(number, .output) : original
                return (pass, try pass.finalStates(of: rows, in: streams[number] ?? base))
            }
            let tables = models.map { _ in ResultTable<Double>(repeating: 0, count: rows.count) }
            try Predictions([reference] + models).forEachRow { row, logits in
                for (position, table) in tables.enumerated() {
                    table[row] =
                        LogitComparison(reference: logits[0], logits: logits[position + 1], token: tokens[row])
                        .divergence
                }
            }
            divergences += tables.map { $0.values.reduce(0, +) / Double(max(1, rows.count)) }
        }
        return divergences
    }
}
