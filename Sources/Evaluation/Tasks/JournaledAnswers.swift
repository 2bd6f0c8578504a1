import Journals
import Runtime

/// The log-likelihoods of candidates in a record of a journal, for as many windows as are finished.
final class JournaledAnswers {
    private let journal: Journal
    private let name: String
    private var windowCount = 0
    private var sums: [Double] = []

    /// - Parameter name: What the names of the records begin with.
    init(_ journal: Journal, name: String) {
        self.journal = journal
        self.name = name
    }

    /// What an earlier run has finished.
    ///
    /// - Parameter counts: The candidates of each window.
    /// - Returns: The log-likelihoods of the candidates of each finished window, from the first on.
    func load(_ counts: [Int]) throws -> [[Double]] {
        guard let record = try journal.record(recordName) else { return [] }
        var reader = RecordReader(record)
        let windowCount = try reader.number()
        guard windowCount >= 1, windowCount <= counts.count else { return [] }
        let lists = try counts.prefix(windowCount).map { try reader.numbers($0) }
        guard reader.isAtEnd else { return [] }
        (self.windowCount, sums) = (windowCount, lists.flatMap { $0 })
        journal.say("going on after \(windowCount) of \(counts.count) sequences")
        return lists
    }

    /// Keeps what the candidates of some more windows have.
    func append(_ more: [Double], windowCount count: Int) throws {
        windowCount += count
        sums += more
        try journal.keep(recordName) { writer in
            try writer.append(windowCount)
            try writer.append(sums)
        }
    }

    /// What keeps the states of a batch.
    func states(of windows: ArraySlice<EvaluationWindow>, _ pass: ForwardPass) -> any StateKeeper {
        JournaledStates(journal, name: "\(name)-states", windows: windows, pass)
    }

    private var recordName: String { "\(name)-answers" }
}
