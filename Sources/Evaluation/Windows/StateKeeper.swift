import Digests
import Journals
import Runtime

/// A keeper of the states of a batch between two layers, so that a run that ends early loses little.
package protocol StateKeeper: AnyObject {
    /// The states that an earlier run has left, and the layer they went through; nil if there are none of this batch.
    func load() throws -> (layer: Int, hidden: HiddenStates)?
    /// Keeps the states after a layer, if it is time.
    func save(_ hidden: HiddenStates, layer: Int, isLast: Bool) throws
    /// Removes what is kept, since the batch is done.
    func remove()
}

/// The states of a batch in a record of a journal: the layer, the digest of the batch's tokens, the rows.
package final class JournaledStates: StateKeeper {
    private let journal: Journal
    private let name: String
    private let tokens: String
    private let rowCount: Int
    private let columns: Int
    private let layerCount: Int
    private var pace = KeepingPace()

    /// - Parameters:
    ///   - name: The record's name; a record of other windows counts as none.
    ///   - pass: The model that runs.
    package init(_ journal: Journal, name: String, windows: ArraySlice<EvaluationWindow>, _ pass: ForwardPass) {
        self.journal = journal
        self.name = name
        tokens = SHA256.hexadecimal(ofTokensOf: windows)
        rowCount = windows.reduce(0) { $0 + $1.tokens.count }
        columns = pass.plan.embeddingLength
        layerCount = pass.plan.layerCount
    }

    package func load() throws -> (layer: Int, hidden: HiddenStates)? {
        guard let record = try journal.record(name) else { return nil }
        var reader = RecordReader(record)
        let layer = try reader.number()
        guard try reader.text() == tokens, (0..<layerCount).contains(layer) else { return nil }
        let hidden = try reader.states(rowCount: rowCount, columns: columns)
        journal.say("going on after layer \(layer + 1) of \(layerCount)")
        return (layer, hidden)
    }

    package func save(_ hidden: HiddenStates, layer: Int, isLast: Bool) throws {
        guard layer >= 0 else { return }
        try pace.run(isUrgent: isLast) {
            let byteCount = HiddenStates.recordByteCount(rowCount: rowCount, columns: columns)
            try journal.keep(name, expectedByteCount: byteCount) { writer in
                try writer.append(layer)
                try writer.append(tokens)
                try writer.append(hidden)
            }
        }
    }

    package func remove() { journal.discard(name) }
}

extension SHA256 {
    /// The digest of the tokens of windows, one after the other.
    static func hexadecimal(ofTokensOf windows: some Sequence<EvaluationWindow>) -> String {
        var digest = SHA256()
        for window in windows { window.tokens.map(\.littleEndian).withUnsafeBytes { digest.update($0) } }
        return digest.hexadecimal
    }
}
