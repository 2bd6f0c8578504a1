import Evaluation
import Journals
import ModelArchitecture
import Runtime

/// What a collection of an importance matrix has come to, in a journal: the sums after a batch, and within a batch the sums
/// and the states after a layer.
///
/// The room that batches are cut for is kept too: states are of use only if the next run cuts the same batch.
package final class ImportanceSpool {
    private let journal: Journal
    private var pace = KeepingPace()
    private var room: Int?

    private static let sumsName = "sums"
    private static let statesName = "states"

    /// - Parameter journal: That of the run.
    package init(_ journal: Journal) { self.journal = journal }

    /// The sums of the batches that an earlier run has finished.
    ///
    /// - Returns: the number of windows that they are of, 0 if nothing is kept, and the room that batches were cut for.
    func load(
        _ collector: ImportanceCollector, _ batches: WindowBatches, plan: DecoderPlan
    ) throws -> (windowCount: Int, room: Int) {
        let ownRoom = batches.room
        let found = try sums(collector, windowCount: batches.windowCount, plan)
        let windowCount = found?.windowCount ?? 0
        if windowCount > 0 { journal.say("going on after \(windowCount) of \(batches.windowCount) windows") }
        let keptRoom = try found?.room ?? keptRoom()
        let room = min(ownRoom, keptRoom ?? ownRoom)
        self.room = room
        return (windowCount, room)
    }

    private func sums(
        _ collector: ImportanceCollector, windowCount count: Int, _ plan: DecoderPlan
    ) throws -> (windowCount: Int, room: Int)? {
        guard let record = try journal.record(Self.sumsName) else { return nil }
        var reader = RecordReader(record)
        let (room, windowCount) = (try reader.number(), try reader.number())
        guard (1...count).contains(windowCount), try collector.restore(from: &reader, plan: plan) else { return nil }
        return (windowCount, room)
    }

    /// The room that the batch was cut for whose states are kept.
    private func keptRoom() throws -> Int? {
        guard let record = try journal.record(Self.statesName) else { return nil }
        var reader = RecordReader(record)
        return try reader.number()
    }

    /// Keeps the sums after a batch.
    func keep(_ collector: ImportanceCollector, windowCount: Int) throws {
        try journal.keep(Self.sumsName) { writer in
            try writer.append(room ?? 0)
            try writer.append(windowCount)
            try collector.append(to: &writer)
        }
    }

    /// What keeps the states of a batch, and the sums with them.
    func states(
        of range: Range<Int>, _ windows: ArraySlice<EvaluationWindow>, _ pass: ForwardPass,
        _ collector: ImportanceCollector
    ) -> any StateKeeper {
        BatchStates(spool: self, range: range, rowCount: windows.reduce(0) { $0 + $1.tokens.count }, pass, collector)
    }

    /// The states of one batch, and all sums when they were kept.
    private final class BatchStates: StateKeeper {
        private let spool: ImportanceSpool
        private let range: Range<Int>
        private let rowCount: Int
        private let plan: DecoderPlan
        private let collector: ImportanceCollector

        init(
            spool: ImportanceSpool, range: Range<Int>, rowCount: Int, _ pass: ForwardPass,
            _ collector: ImportanceCollector
        ) {
            self.spool = spool
            self.range = range
            self.rowCount = rowCount
            plan = pass.plan
            self.collector = collector
        }

        func load() throws -> (layer: Int, hidden: HiddenStates)? {
            guard let record = try spool.journal.record(ImportanceSpool.statesName) else { return nil }
            var reader = RecordReader(record)
            _ = try reader.number()
            guard try reader.number() == range.lowerBound, try reader.number() == range.upperBound else { return nil }
            let layer = try reader.number()
            guard (0..<plan.layerCount).contains(layer), try collector.restore(from: &reader, plan: plan) else {
                return nil
            }
            let hidden = try reader.states(rowCount: rowCount, columns: plan.embeddingLength)
            spool.journal.say("going on after layer \(layer + 1) of \(plan.layerCount)")
            return (layer, hidden)
        }

        func save(_ hidden: HiddenStates, layer: Int, isLast: Bool) throws {
            guard layer >= 0 else { return }
            try spool.pace.run {
                let byteCount = HiddenStates.recordByteCount(rowCount: rowCount, columns: plan.embeddingLength)
                try spool.journal.keep(ImportanceSpool.statesName, expectedByteCount: byteCount) { writer in
                    for number in [spool.room ?? 0, range.lowerBound, range.upperBound, layer] {
                        try writer.append(number)
                    }
                    try collector.append(to: &writer)
                    try writer.append(hidden)
                }
            }
        }

        func remove() { spool.journal.discard(ImportanceSpool.statesName) }
    }
}
