import Digests
import Files
import FoundationEssentials
import Runtime

/// The states of a batch between two layers, in a file, so that a run that ends early loses little.
///
/// `swagest1`, the length of a JSON object (u32) and the object, which says what the states are of; then the residual stream,
/// a row of float32 for each token. There is one file for each model: `PATH.state0` and so on.
final class StateFile: StateKeeper {
    private static let magic = Array("swagest1".utf8)

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

    /// The states that an earlier run has left, and the layer they went through; nil if there are none of this batch.
    func load() throws -> (layer: Int, hidden: HiddenStates)? {
        guard let file = try? ReadableFile(path: path) else { return nil }
        guard file.byteCount >= 12, try file.bytes(0..<8) == Self.magic else { throw FileError(.notOurs, path: path) }
        let length = try file.bytes(8..<12).withUnsafeBytes { Int(UInt32(littleEndian: $0.load(as: UInt32.self))) }
        guard length <= file.byteCount - 12,
            var found = try? JSONDecoder().decode(Content.self, from: Data(file.bytes(12..<12 + length)))
        else { return nil }
        let layer = found.layer
        found.layer = content.layer
        let byteCount = 4 * content.rows * content.columns
        guard found == content, file.byteCount == 12 + length + byteCount else { return nil }
        let hidden = try HiddenStates(rowCount: content.rows, columns: content.columns) {
            try file.read(at: 12 + length, into: $0)
        }
        return (layer, hidden)
    }

    /// Saves the states after a layer, if the last time is long ago or it is the last layer.
    func save(_ hidden: HiddenStates, layer: Int, isLast: Bool) throws {
        guard isLast || ContinuousClock.now - saved >= interval else { return }
        var content = content
        content.layer = layer
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let object = Array(try encoder.encode(content))
        var file = try AtomicFile(path: path, expectedByteCount: 12 + object.count + 4 * content.rows * content.columns)
        try file.append(Self.magic)
        try file.append(withUnsafeBytes(of: UInt32(object.count).littleEndian) { Array($0) })
        try file.append(object)
        try hidden.withBytes { try file.append($0) }
        try file.commit()
        saved = .now
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
