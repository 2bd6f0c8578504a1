import Journals
import Runtime

/// The scores of a run in records of a journal, one for each batch, so that a run that ends early is continued.
package final class JournaledScores: ScoreJournal {
    private let journal: Journal
    private let name: String
    private let texts: [String]
    private var windows: [[Int: WindowScores]]
    /// Records that there are.
    private var count = 0
    /// The lines of the batch that is being appended.
    private var batch: [UInt8] = []

    /// Finds what an earlier run has kept.
    ///
    /// - Parameters:
    ///   - name: What the names of the records begin with.
    ///   - texts: The names of the run's texts.
    ///   - modelCount: The models that are scored.
    package init(_ journal: Journal, name: String, texts: [String], modelCount: Int) throws {
        self.journal = journal
        self.name = name
        self.texts = texts
        windows = texts.map { _ in [:] }
        while let record = try journal.record(Self.recordName(name, count)) {
            for line in try record.bytes().split(separator: 0x0a) {
                guard let line = ScoreLine(encoded: line), let window = line.window, windows.indices ~= line.text,
                    window.scores.count == modelCount
                else { return }
                windows[line.text][window.number] = window
            }
            count += 1
        }
    }

    /// The windows that an earlier run has finished, a line each, in their order.
    ///
    /// - Throws: ``EvaluationError`` if a score is not finite.
    package func lines() throws -> [UInt8] {
        try texts.indices.flatMap { text in
            try windows[text].values.sorted { $0.number < $1.number }.flatMap { window in
                guard let line = ScoreLine(window, ofText: text).encoded else {
                    throw EvaluationError(.nonFiniteResult, file: texts[text])
                }
                return line + [0x0a]
            }
        }
    }

    /// Keeps lines that another journal had.
    ///
    /// - Parameters:
    ///   - name: What the names of the records begin with.
    ///   - number: How many such have been kept before.
    package static func keep(_ lines: [UInt8], in journal: Journal, name: String, number: Int) throws {
        try journal.keep(recordName(name, number), lines)
    }

    /// The number of windows that an earlier run has finished.
    package var finishedWindowCount: Int { windows.reduce(0) { $0 + $1.count } }

    package func finishedWindows(ofText text: Int) -> [WindowScores] { Array(windows[text].values) }

    package func append(_ window: WindowScores, ofText text: Int) throws {
        guard let line = ScoreLine(window, ofText: text).encoded else {
            throw EvaluationError(.nonFiniteResult, file: texts[text])
        }
        batch += line + [0x0a]
    }

    package func endBatch() throws {
        try journal.keep(Self.recordName(name, count), batch)
        count += 1
        batch = []
    }

    package func states(
        ofModel model: Int, _ pass: ForwardPass, windows: ArraySlice<EvaluationWindow>
    ) -> any StateKeeper {
        JournaledStates(journal, name: "\(name)-states-\(model)", windows: windows, pass)
    }

    private static func recordName(_ name: String, _ number: Int) -> String { "\(name)-scores-\(number)" }
}
