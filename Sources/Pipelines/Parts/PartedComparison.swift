import Evaluation
import Files
import Journals
import Models
import Numerics
import Parts

/// The measurement of several models on the same texts, divided by windows: each part has the scores of all models that are
/// measured beside each other, so that what they are compared with is computed once for each window.
package struct PartedComparison: PartedWork {
    package let unit = PartUnit.windows
    package var processor: String? { BLAS.coreName }
    private let comparison: ModelComparison
    private let models: [Model]
    private let texts: [EvaluationText]
    private let groups: [ModelComparison.Group]
    /// The windows of the texts, for each group.
    private let windows: [[TokenWindows]]

    /// What digests of parts begin with.
    private static let seed = Array("scores of models 1\n".utf8)

    /// A comparison, without tasks and weights, as work that can be divided.
    ///
    /// - Parameters:
    ///   - comparison: What is measured, and how.
    ///   - models: The first is what others are compared with.
    ///   - texts: At least one text.
    /// - Throws: What ``ModelComparison/run(_:texts:write:)`` throws before it computes.
    package init(_ comparison: ModelComparison, _ models: [Model], texts: [EvaluationText]) throws {
        precondition(comparison.tasks.isEmpty && comparison.weightOriginal == nil, "only windows are divided")
        self.comparison = comparison
        self.models = models
        self.texts = texts
        let groups = ModelComparison.groups(of: models)
        let measurement = Measurement(cut: comparison.cut, compute: comparison.compute)
        windows = try groups.map { group in
            try measurement.open(group.all.map { models[$0] }, nil, texts, countsTokens: false).windows
        }
        self.groups = groups
    }

    package var units: [WorkUnit] {
        zip(groups, windows).flatMap { group, texts in
            let names = group.all.map { models[$0].name }.joined(separator: ", ")
            return texts.flatMap { text in
                text.windows.map {
                    WorkUnit(
                        "window \($0.number) of \(text.name) with \(names)",
                        cost: Double($0.tokens.count * group.all.count))
                }
            }
        }
    }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            identity.add("the kind of work", "a comparison of models")
            identity.add("the precision of products", comparison.compute.precision.rawValue)
            try identity.add("the models", models)
            identity.add(texts)
            identity.add("the windows of the texts", windows.flatMap { $0.flatMap(\.windows) })
            return identity
        }
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let (range, path) = (plan.parts[number - 1].range, folder.file(ofPart: number))
        var runIdentity = try comparison.identity(models, texts)
        runIdentity.add("the windows of the part", "\(range)")
        let journal = try Journal(output: path, identity: runIdentity, isRestarting: isRestarting) {
            [progress = comparison.compute.progress] in progress(.note($0))
        }
        try Journal.perform(journal) {
            var scores: [(group: Int, lines: [UInt8])] = []
            var start = 0
            for (place, group) in groups.enumerated() {
                let count = windows[place].reduce(0) { $0 + $1.windows.count }
                let own = range.clamped(to: start..<start + count)
                if !own.isEmpty {
                    var measurement = Measurement(cut: comparison.cut, compute: comparison.compute)
                    measurement.selection = own.lowerBound - start..<own.upperBound - start
                    measurement.work = (journal, group.name)
                    _ = try measurement.run(
                        group.compared.map { models[$0] }, reference: group.reference.map { .model(models[$0]) },
                        texts: texts)
                    scores.append((place, try self.scores(of: group, in: journal).lines()))
                }
                start += count
            }
            var writer = try RecordWriter(path: path, seed: Self.seed, expectedByteCount: 0)
            for (group, lines) in scores {
                try writer.append(group)
                try writer.append(lines.count)
                try writer.append(lines)
            }
            try writer.finish()
        }
        return []
    }

    private func scores(of group: ModelComparison.Group, in journal: Journal) throws -> JournaledScores {
        try JournaledScores(
            journal, name: group.name, texts: texts.map(\.name), modelCount: group.all.count)
    }

    /// Gives what all parts have come to.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - write: Receives the results, one for each model.
    package func finish(_ parts: CollectedParts, write: ([ModelComparison.Result]) throws -> Void) throws {
        let journal = try Journal(
            output: "\(parts.folder.path)/joined", identity: comparison.identity(models, texts), isRestarting: true)
        try Journal.perform(journal) {
            var counts = [Int](repeating: 0, count: groups.count)
            for (place, path) in parts.paths.enumerated() {
                let unusable = PlanError(.unusable(part: place + 1, .damaged), path: path)
                guard let record = try Record(path: path, seed: Self.seed) else { throw unusable }
                var reader = RecordReader(record)
                while !reader.isAtEnd {
                    let group = try reader.number()
                    guard groups.indices ~= group else { throw unusable }
                    let lines = try reader.bytes(reader.number())
                    try JournaledScores.keep(lines, in: journal, name: groups[group].name, number: counts[group])
                    counts[group] += 1
                }
            }
            for (group, texts) in zip(groups, windows) {
                let count = texts.reduce(0) { $0 + $1.windows.count }
                guard try scores(of: group, in: journal).finishedWindowCount == count else {
                    throw PlanError(.unusable(part: 1, .damaged), path: parts.paths[0])
                }
            }
            var quiet = comparison
            quiet.compute.progress = { [progress = comparison.compute.progress] event in
                // That all is known already is no news.
                if case .note = event { return }
                progress(event)
            }
            try quiet.run(models, texts: texts, journal, write: write)
        }
    }
}
