import Evaluation
import Files
import Journals
import Models
import Numerics
import Parts

/// The measurement of models on texts, divided by windows: each part is a file of scores, or of the predictions that are
/// stored.
package struct PartedMeasurement: PartedWork {
    package let unit = PartUnit.windows
    /// Of scores the last bits are those of the products.
    package var processor: String? { BLAS.coreName }
    private let measurement: Measurement
    private let models: [Model]
    private let reference: Measurement.Reference?
    private let texts: [EvaluationText]
    /// What the names of records begin with.
    private static let recordName = "windows"
    /// All models, with one that others are compared with before them.
    private let all: [Model]
    private let windows: [TokenWindows]

    /// A measurement as work that can be divided.
    ///
    /// - Parameters:
    ///   - measurement: How it is measured; where scores are kept is for each part to say.
    ///   - models: The models, at least one.
    ///   - reference: What they are compared with; nil for nothing.
    ///   - texts: At least one text; none for all that stored predictions are of.
    /// - Throws: What ``Measurement/run(_:reference:texts:)`` throws before it computes.
    package init(
        _ measurement: Measurement, _ models: [Model], reference: Measurement.Reference?, texts: [EvaluationText]
    ) throws {
        self.measurement = measurement
        self.models = models
        self.reference = reference
        self.texts = texts
        let opened = try measurement.open(models, reference, texts, countsTokens: true)
        (all, windows) = (opened.models, opened.windows)
    }

    package var units: [WorkUnit] {
        windows.flatMap { text in
            text.windows.map { WorkUnit("window \($0.number) of \(text.name)", cost: Double($0.tokens.count)) }
        }
    }

    package var identity: RunIdentity {
        get throws {
            var identity = RunIdentity()
            identity.add("the kind of work", "scores of windows")
            identity.add("the precision of products", measurement.compute.precision.rawValue)
            try identity.add("the models", all)
            if case .predictions(let path) = reference {
                identity.add("the stored predictions", try Fingerprint.of(file: path))
            }
            identity.add(texts)
            identity.add("the windows of the texts", windows.flatMap(\.windows))
            return identity
        }
    }

    package func run(
        _ number: Int, of plan: PartPlan, in folder: PartFolder, isRestarting: Bool
    ) throws -> [String] {
        var measurement = measurement
        measurement.selection = plan.parts[number - 1].range
        let path = folder.file(ofPart: number)
        measurement.recording?.path = path
        switch measurement.recording?.form {
        case nil: measurement.scorePath = path
        // Its scores are in the file, and the next run goes on with it.
        case .swage: break
        case .llama: return try scoredLines(measurement, path)
        }
        _ = try measurement.run(models, reference: reference, texts: texts)
        return []
    }

    /// Stores predictions in llama.cpp's form, which has not the scores to the bit: they are what joining needs beside it.
    private func scoredLines(_ measurement: Measurement, _ path: String) throws -> [String] {
        try journaled(path) { journal in
            var measurement = measurement
            measurement.work = (journal, Self.recordName)
            _ = try measurement.run(models, texts: texts)
            return try JournaledScores(
                journal, name: Self.recordName, texts: windows.map(\.name), modelCount: all.count
            ).lines().split(separator: 0x0a).map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Does some work with a journal that begins anew.
    private func journaled<Result>(
        _ output: String, _ work: (Journal) throws -> Result
    ) throws -> Result {
        let journal = try Journal(output: output, identity: identity, isRestarting: true)
        return try Journal.perform(journal) { try work(journal) }
    }

    /// The results of all windows, as one run has them.
    ///
    /// - Parameters:
    ///   - parts: All parts, as they were collected.
    ///   - output: Where the scores of all windows are written; nil for nowhere.
    /// - Returns: the results of the last model, one for each text.
    package func finish(_ parts: CollectedParts, output: String?) throws -> [EvaluationResult] {
        if let recording = measurement.recording { return try finish(parts, recording) }
        let merged = try ScoreFile.merged(parts.paths)
        guard merged.texts.reduce(0, { $0 + $1.windows.count }) == parts.plan.unitCount else {
            throw PlanError(.unusable(part: 1, .damaged), path: parts.paths[0])
        }
        if let output {
            try OutputFile.check(output, inputs: all.flatMap(\.inputFiles) + texts.compactMap(\.path))
            try ScoreFile.write(merged.texts, merged.identity, to: output)
        }
        let results = try Measurement.results(of: merged).results
        return results[results.count - 1]
    }

    /// Joins stored predictions, and measures nothing: what windows have come to is known.
    private func finish(_ parts: CollectedParts, _ recording: PredictionFile) throws -> [EvaluationResult] {
        try OutputFile.check(recording.path, inputs: all.flatMap(\.inputFiles) + texts.compactMap(\.path))
        var known = measurement
        known.compute.progress = { _ in }
        switch recording.form {
        case .swage:
            // A file that is there already is gone on with, as by one run.
            if FileIdentity(path: recording.path) == nil {
                try PredictionJoining.joinArchives(parts.paths, of: windows, to: recording.path)
            }
            return try known.run(models, texts: texts).models[0]
        case .llama:
            try PredictionJoining.joinBaseLogits(
                parts.paths, windowCount: parts.plan.unitCount, to: recording.path)
            known.recording = nil
            return try journaled("\(parts.folder.path)/joined") { journal in
                for (place, record) in parts.records.enumerated() {
                    let lines = Array(record.lines.map { $0 + "\n" }.joined().utf8)
                    try JournaledScores.keep(lines, in: journal, name: Self.recordName, number: place)
                }
                let scores = try JournaledScores(
                    journal, name: Self.recordName, texts: windows.map(\.name), modelCount: all.count)
                guard scores.finishedWindowCount == parts.plan.unitCount else {
                    throw PlanError(.unusable(part: 1, .damaged), path: parts.paths[0])
                }
                known.work = (journal, Self.recordName)
                return try known.run(models, texts: texts).models[0]
            }
        }
    }
}
