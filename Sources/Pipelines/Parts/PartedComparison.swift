import Evaluation
import Files
import Journals
import Models
import Numerics
import Parts

/// The measurement of several models on the same texts, with their answers to tasks and the errors of their weights, divided
/// by windows, sequences of questions and tensors: a window has the scores of all models that are measured beside each other,
/// so that what they are compared with is computed once.
package struct PartedComparison: PartedWork {
    package let unit: PartUnit
    package var processor: String? { BLAS.coreName }
    private let comparison: ModelComparison
    private let models: [Model]
    private let texts: [EvaluationText]
    private let sections: [ComparisonSection]
    /// The windows of the texts, for each group of models.
    private let windows: [[TokenWindows]]

    /// What digests of parts begin with.
    private static let seed = Array("a comparison of models 2\n".utf8)

    /// A comparison as work that can be divided.
    ///
    /// - Parameters:
    ///   - comparison: What is measured, and how.
    ///   - models: The first is what others are compared with.
    ///   - texts: At least one text.
    /// - Throws: What ``ModelComparison/run(_:texts:write:)`` throws before it computes.
    package init(_ comparison: ModelComparison, _ models: [Model], texts: [EvaluationText]) throws {
        self.comparison = comparison
        self.models = models
        self.texts = texts
        let groups = ModelComparison.groups(of: models)
        let measurement = Measurement(cut: comparison.cut, compute: comparison.compute)
        windows = try groups.map { group in
            try measurement.open(group.all.map { models[$0] }, nil, texts, countsTokens: false).windows
        }
        sections = try comparison.sections(models, Array(zip(groups, windows)))
        unit = sections.count > groups.count ? .measurements : .windows
    }

    package var units: [WorkUnit] { sections.flatMap(\.units) }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            identity.add("the kind of work", "a comparison of models")
            identity.add("the precision of products", comparison.compute.precision.rawValue)
            try identity.add("the models", models)
            identity.add(texts)
            identity.add("the windows of the texts", windows.flatMap { $0.flatMap(\.windows) })
            if !comparison.tasks.isEmpty { identity.add(comparison.tasks) }
            if let original = comparison.weightOriginal {
                try identity.add("the model that weights are compared with", [original])
            }
            return identity
        }
    }

    // MARK: Parts

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        let (range, path) = (plan.parts[number - 1].range, folder.file(ofPart: number))
        var runIdentity = try comparison.identity(models, texts)
        runIdentity.add("the units of the part", "\(range)")
        let journal = try Journal(output: path, identity: runIdentity, isRestarting: isRestarting) {
            [progress = comparison.compute.progress] in progress(.note($0))
        }
        try Journal.perform(journal) {
            var writer = try RecordWriter(path: path, seed: Self.seed, expectedByteCount: 0)
            var start = 0
            for (place, section) in sections.enumerated() {
                let end = start + section.units.count
                let own = range.clamped(to: start..<end)
                if !own.isEmpty {
                    try writer.append(place)
                    try append(own.lowerBound - start..<own.upperBound - start, of: section, journal, to: &writer)
                }
                start = end
            }
            try writer.finish()
        }
        return []
    }

    /// Does some units of a section, and appends what they have come to.
    private func append(
        _ own: Range<Int>, of section: ComparisonSection, _ journal: Journal, to writer: inout RecordWriter
    ) throws {
        switch section.kind {
        case .windows(let group):
            var measurement = Measurement(cut: comparison.cut, compute: comparison.compute)
            measurement.selection = own
            measurement.work = (journal, group.name)
            _ = try measurement.run(
                group.compared.map { models[$0] }, reference: group.reference.map { .model(models[$0]) }, texts: texts)
            let lines = try scores(of: group, in: journal).lines()
            try writer.append(lines.count)
            try writer.append(lines)
        case .answers(let place):
            let sums = try TaskEvaluation(compute: comparison.compute).sums(
                ofSequences: own, of: models[place], comparison.tasks, (journal, ModelComparison.taskRecord(place)))
            try writer.append(own.count)
            try writer.append(sums)
        case .weights(let place):
            var weights = WeightComparison(compute: comparison.compute)
            weights.work = (journal, ModelComparison.weightRecord(place))
            guard let original = comparison.weightOriginal else { return }
            try writer.append(own.count)
            for errors in try weights.errors(original: original, quantized: models[place], range: own) {
                try errors.append(to: &writer)
            }
        }
    }

    private func scores(of group: ModelComparison.Group, in journal: Journal) throws -> JournaledScores {
        try JournaledScores(
            journal, name: group.name, texts: texts.map(\.name), modelCount: group.all.count)
    }

    // MARK: Joining

    /// Gives what all parts have come to.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - write: Receives the results, one for each model.
    package func finish(_ parts: CollectedParts, write: ([ModelComparison.Result]) throws -> Void) throws {
        let journal = try Journal(
            output: "\(parts.folder.path)/joined", identity: comparison.identity(models, texts), isRestarting: true)
        try Journal.perform(journal) {
            var found = sections.map { _ in Found() }
            for (place, path) in parts.paths.enumerated() {
                let unusable = PlanError(.unusable(part: place + 1, .damaged), path: path)
                guard let record = try Record(path: path, seed: Self.seed) else { throw unusable }
                var reader = RecordReader(record)
                while !reader.isAtEnd {
                    let section = try reader.number()
                    guard sections.indices ~= section,
                        try found[section].take(from: &reader, sections[section], journal)
                    else { throw unusable }
                }
            }
            for (section, found) in zip(sections, found) where try !keep(found, of: section, in: journal) {
                throw PlanError(.unusable(part: 1, .damaged), path: parts.paths[0])
            }
            try comparison.run(models, texts: texts, journal, write: write)
        }
    }

    /// What parts have come to in a section.
    private struct Found {
        /// Units, or for windows how many parts have some.
        var count = 0
        var sums: [Double] = []
        var errors: [TensorErrors] = []

        /// - Returns: false if the record has not what it has to.
        mutating func take(
            from reader: inout RecordReader, _ section: ComparisonSection, _ journal: Journal
        ) throws -> Bool {
            let more = try reader.number()
            if case .windows(let group) = section.kind {
                try JournaledScores.keep(reader.bytes(more), in: journal, name: group.name, number: count)
                count += 1
                return true
            }
            guard more >= 0, more <= section.units.count - count else { return false }
            for resultCount in section.resultCounts[count..<count + more] {
                if case .answers = section.kind {
                    sums += try reader.numbers(resultCount)
                } else {
                    guard let found = try TensorErrors(from: &reader, expertCount: resultCount) else { return false }
                    errors.append(found)
                }
            }
            count += more
            return true
        }
    }

    /// Keeps what parts have come to in a section where the run of the whole finds it.
    ///
    /// - Returns: false if that is not all of the section.
    private func keep(_ found: Found, of section: ComparisonSection, in journal: Journal) throws -> Bool {
        switch section.kind {
        case .windows(let group):
            return try scores(of: group, in: journal).finishedWindowCount == section.units.count
        case .answers(let place):
            guard found.count == section.units.count else { return false }
            try ChoiceEvaluation.keep(
                found.sums, sequenceCount: found.count, in: journal, name: ModelComparison.taskRecord(place))
        case .weights(let place):
            guard found.count == section.units.count else { return false }
            try JournaledWeightErrors(
                journal, name: ModelComparison.weightRecord(place), expertCounts: section.resultCounts
            ).keep(found.errors)
        }
        return true
    }
}
