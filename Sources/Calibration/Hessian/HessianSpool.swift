import ErrorFeedback
import Evaluation
import Hessians
import Journals
import Runtime
import Synchronization

/// What a collection of second moments has come to, in a journal: a record for each layer that is done, with its sites as
/// they will be in the file, and the states after one of the layers with the importance until there.
package final class HessianSpool: Sendable {
    private struct State: ~Copyable {
        /// The record of the layer that runs.
        var writer: RecordWriter?
        var failure: (any Error)?
        var pace = KeepingPace()
    }

    private let journal: Journal
    private let layout: HessianLayout
    private let state = Mutex(State())

    private static let statesName = "states"

    /// - Parameters:
    ///   - journal: That of the run.
    ///   - layout: The sites of the file that will be written.
    package init(_ journal: Journal, _ layout: HessianLayout) {
        self.journal = journal
        self.layout = layout
    }

    /// Takes the moments of a site of the layer that runs, and keeps the first error until the layer's end.
    @Sendable func receive(_ site: ActivationSite, block: Int, _ moments: SecondMoments) {
        state.withLock { state in
            guard state.failure == nil, let number = layout.number(of: site, block: block) else { return }
            do {
                var writer = try state.writer.take() ?? journal.begin(Self.name(ofLayer: site.layer))
                try writer.append(number)
                try layout.encode(moments, as: number) { try writer.append($0) }
                state.writer = consume writer
            } catch {
                state.failure = error
            }
        }
    }

    /// Completes the record of a layer, or of the output.
    func endLayer(_ layer: Int) throws {
        try state.withLock { state in
            if let failure = state.failure { throw failure }
            try (state.writer.take() ?? journal.begin(Self.name(ofLayer: layer))).finish()
        }
    }

    /// Keeps the states after a layer, if it is time.
    func keep(_ hidden: HiddenStates, layer: Int, _ importance: ImportanceCollector) throws {
        try state.withLock { state in
            try state.pace.run {
                let byteCount = HiddenStates.recordByteCount(rowCount: hidden.rowCount, columns: hidden.columns)
                try journal.keep(Self.statesName, expectedByteCount: byteCount) { writer in
                    try writer.append(layer)
                    try importance.append(to: &writer)
                    try writer.append(hidden)
                }
            }
        }
    }

    /// The states that an earlier run has left, if all of the layers before are kept.
    func load(
        rowCount: Int, _ pass: ForwardPass, _ importance: ImportanceCollector
    ) throws -> (layer: Int, hidden: HiddenStates)? {
        guard let record = try journal.record(Self.statesName) else { return nil }
        let plan = pass.plan
        var reader = RecordReader(record)
        let layer = try reader.number()
        guard (0..<plan.layerCount).contains(layer),
            try (0...layer).allSatisfy({ try journal.record(Self.name(ofLayer: $0)) != nil }),
            try importance.restore(from: &reader, plan: plan)
        else { return nil }
        let hidden = try reader.states(rowCount: rowCount, columns: plan.embeddingLength)
        journal.say("going on after layer \(layer + 1) of \(plan.layerCount)")
        return (layer, hidden)
    }

    /// Writes the sites of all layers, and completes the file.
    ///
    /// - Parameter layerCount: The layers of the model.
    /// - Throws: `JournalError` if a record is damaged, and errors of reading and writing.
    package func write(to writer: consuming HessianWriter, layerCount: Int) throws {
        for layer in 0...layerCount {
            guard let record = try journal.record(Self.name(ofLayer: layer)) else {
                throw JournalError(.damaged, folder: journal.folder)
            }
            var reader = RecordReader(record)
            while !reader.isAtEnd {
                let number = try reader.number()
                guard layout.indices ~= number else { throw JournalError(.damaged, folder: journal.folder) }
                try writer.append(encoded: number) { try reader.read(into: $0) }
            }
        }
        try writer.finish()
    }

    /// Appends what the records of layers have: sites by their numbers, as they will be in the file.
    func append(to writer: inout RecordWriter, layers: Range<Int>) throws {
        for layer in layers {
            guard let record = try journal.record(Self.name(ofLayer: layer)) else {
                throw JournalError(.damaged, folder: journal.folder)
            }
            for start in stride(from: 0, to: record.byteCount, by: Self.pieceByteCount) {
                try writer.append(record.bytes(start..<min(record.byteCount, start + Self.pieceByteCount)))
            }
        }
    }

    private static let pieceByteCount = 1 << 20

    private static func name(ofLayer layer: Int) -> String { "layer-\(layer)" }
}
