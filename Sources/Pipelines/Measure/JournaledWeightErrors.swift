import Evaluation
import Journals

/// The errors of a model's weights in a record of a journal, for as many tensors as are compared.
final class JournaledWeightErrors {
    private let journal: Journal
    private let name: String
    private let expertCounts: [Int]
    private var finished: [TensorErrors] = []
    private var pace = KeepingPace()

    /// - Parameters:
    ///   - name: The record's name.
    ///   - expertCounts: The matrices of each tensor.
    init(_ journal: Journal, name: String, expertCounts: [Int]) {
        self.journal = journal
        self.name = name
        self.expertCounts = expertCounts
    }

    /// What an earlier run has finished, from the first tensor on.
    func load() throws -> [TensorErrors] {
        guard let record = try journal.record(name) else { return [] }
        var reader = RecordReader(record)
        let tensorCount = try reader.number()
        guard (1...max(1, expertCounts.count)).contains(tensorCount) else { return [] }
        var found: [TensorErrors] = []
        for expertCount in expertCounts.prefix(tensorCount) {
            guard let errors = try TensorErrors(from: &reader, expertCount: expertCount) else { return [] }
            found.append(errors)
        }
        guard found.count == tensorCount, reader.isAtEnd else { return [] }
        finished = found
        journal.say("going on after \(tensorCount) of \(expertCounts.count) tensors")
        return found
    }

    /// Keeps the errors of the next tensor, if it is time.
    func append(_ errors: TensorErrors) throws {
        finished.append(errors)
        try pace.run(isUrgent: finished.count == expertCounts.count) { try keep(finished) }
    }

    /// Keeps the errors of all tensors until now.
    func keep(_ errors: [TensorErrors]) throws {
        let byteCount = errors.reduce(8) { $0 + $1.experts.reduce(8) { $0 + $1.recordByteCount } }
        try journal.keep(name, expectedByteCount: byteCount) { writer in
            try writer.append(errors.count)
            for tensor in errors { try tensor.append(to: &writer) }
        }
    }
}

/// What is kept of a tensor that was compared.
struct TensorErrors: Sendable {
    /// The error of each matrix.
    let experts: [WeightError]
    let greatestPadding: Float

    init(experts: [WeightError], greatestPadding: Float) {
        (self.experts, self.greatestPadding) = (experts, greatestPadding)
    }

    /// Reads what ``append(to:)`` has appended; nil if that is none.
    init?(from reader: inout RecordReader, expertCount: Int) throws {
        greatestPadding = Float(try reader.numbers(1)[0])
        var experts: [WeightError] = []
        for _ in 0..<expertCount {
            guard let error = try WeightError(from: &reader) else { return nil }
            experts.append(error)
        }
        self.experts = experts
    }

    /// Appends the errors to a record.
    func append(to writer: inout RecordWriter) throws {
        try writer.append([Double(greatestPadding)])
        for expert in experts { try expert.append(to: &writer) }
    }
}
