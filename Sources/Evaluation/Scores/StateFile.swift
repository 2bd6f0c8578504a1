import Digests
import Files
import FoundationEssentials
import Journals
import Runtime

/// The states of a batch between two layers, in a file, so that a run that ends early loses little.
///
/// A record: `swagest2`, the length of a JSON object (i64) and the object, which says what the states are of; then the
/// residual stream, a row of float32 for each token, and a SHA-256 of all that. There is one file for each model:
/// `PATH.state0` and so on.
final class StateFile: StateKeeper {
    /// What the files begin with, the newest form first; older ones, without a digest, count as none.
    private static let magics = ["swagest2", "swagest1"].map { Array($0.utf8) }

    private let path: String
    private let content: Content
    /// Least time between two savings.
    private let interval: Duration
    private var saved = ContinuousClock.now

    /// What the states are of.
    private struct Content: Codable, Equatable {
        var identity: PredictionIdentity
        var model: Int
        /// The digest of the batch's tokens.
        var tokens: String
        var rows: Int
        var columns: Int
        /// The last layer that they went through.
        var layer: Int
    }

    init(
        path: String, identity: PredictionIdentity, model: Int, windows: ArraySlice<EvaluationWindow>, columns: Int,
        interval: Duration
    ) {
        self.path = "\(path).state\(model)"
        self.interval = interval
        content = Content(
            identity: identity, model: model, tokens: SHA256.hexadecimal(ofTokensOf: windows),
            rows: windows.reduce(0) { $0 + $1.tokens.count },
            columns: columns, layer: -1)
    }

    /// The states that an earlier run has left, and the layer they went through; nil if there are none of this batch, or if
    /// they are damaged.
    func load() throws -> (layer: Int, hidden: HiddenStates)? {
        guard let file = try? ReadableFile(path: path) else { return nil }
        guard file.byteCount >= 8, try Self.magics.contains(file.bytes(0..<8)) else {
            throw FileError(.notOurs, path: path)
        }
        guard let record = try Record(path: path, seed: []) else { return nil }
        var reader = RecordReader(record)
        guard try reader.bytes(8) == Self.magics[0],
            var found = try? JSONDecoder().decode(Content.self, from: Data(reader.bytes(reader.number())))
        else { return nil }
        let layer = found.layer
        found.layer = content.layer
        guard found == content else { return nil }
        return (layer, try reader.states(rowCount: content.rows, columns: content.columns))
    }

    /// Saves the states after a layer, if the last time is long ago or it is the last layer.
    func save(_ hidden: HiddenStates, layer: Int, isLast: Bool) throws {
        guard isLast || ContinuousClock.now - saved >= interval else { return }
        var content = content
        content.layer = layer
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let object = Array(try encoder.encode(content))
        let byteCount = HiddenStates.recordByteCount(rowCount: content.rows, columns: content.columns)
        var record = try RecordWriter(path: path, seed: [], expectedByteCount: 16 + object.count + byteCount)
        try record.append(Self.magics[0])
        try record.append(object.count)
        try record.append(object)
        try record.append(hidden)
        try record.finish()
        saved = .now
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
