import Evaluation
import Files
import Journals
import Runtime
import Tensors
import WeightEncoding

/// What a calibrated quantization has come to, in a folder beside its output, so that a run that ends early is continued.
///
/// `run.json` says whose the folder is and what the run is; `layer-N` holds the encoded tensors of a layer, one after the
/// other; `states` holds the residual streams of both models after the last finished layer. Both are records with digests:
/// one that is damaged counts as none.
package struct CalibrationSpool {
    private let work: WorkFolder
    private let output: String
    private let identity: [UInt8]

    private static let statesName = "states"
    private var folder: String { work.path }

    /// - Parameters:
    ///   - identity: what decides the result; a folder of another run is refused.
    ///   - isRestarting: whether what an earlier run has kept is removed first.
    package init(output: String, identity: String, isRestarting: Bool) throws {
        let identity = Array(identity.utf8)
        self.identity = identity
        self.output = output
        if isRestarting { _ = try Self.clean(output) }
        work = try Self.open(Self.folder(of: output), identity)
        guard let found = work.foundDescription else { return }
        guard found == identity else { throw CalibrationError(.otherCalibration, file: folder) }
        KeptWork.insert(folder, output: output)
    }

    /// The path of the folder in which the calibration of an output is kept.
    package static func folder(of output: String) -> String { output + ".calibration" }

    private static func open(_ folder: String, _ identity: [UInt8]) throws -> WorkFolder {
        try WorkFolder(folder, marker: "run.json", heading: "swage-calibration 1", description: identity)
    }

    /// Removes what calibrations have left of an output, whatever they were.
    ///
    /// - Returns: the folder, of which files of others may be left; nil if there was none.
    package static func clean(_ output: String) throws -> String? {
        let folder = folder(of: output)
        guard WorkFolder.isThere(folder) else { return nil }
        try open(folder, []).remove(where: isOwn)
        return folder
    }

    /// Keeps a layer's tensors: their number, their places and their bytes, one after the other.
    package func append(layer: Int, _ tensors: [EncodedTensor]) throws {
        let byteCount = tensors.reduce(8) { $0 + 8 + $1.bytes.count }
        var record = try begin(Self.name(ofLayer: layer), expectedByteCount: byteCount)
        try record.append(tensors.count)
        for tensor in tensors { try record.append(tensor.index) }
        for tensor in tensors { try record.append(tensor.bytes) }
        try record.finish()
    }

    /// Puts a layer's tensors in the place of the original's.
    ///
    /// - Parameter targets: what all tensors of the model become.
    /// - Throws: `JournalError` if what was kept has been damaged since, and `FileError`.
    package func restore(layer: Int, _ targets: [TensorDescriptor], in overlay: inout OverlayTensors) throws {
        guard let record = try record(Self.name(ofLayer: layer)) else {
            throw JournalError(.damaged, folder: folder)
        }
        for (index, offset) in try places(in: record, targets) {
            overlay.replace(index, by: targets[index], .file(record.file, offset: offset))
        }
    }

    /// Whether all of these tensors of a layer are kept, which those of an earlier run that completed other parts need not be.
    package func holds(_ indices: Set<Int>, ofLayer layer: Int, _ targets: [TensorDescriptor]) throws -> Bool {
        guard let record = try record(Self.name(ofLayer: layer)) else { return false }
        return try indices.isSubset(of: places(in: record, targets).map(\.index))
    }

    /// Where the tensors of a layer's record are in it.
    private func places(in record: Record, _ targets: [TensorDescriptor]) throws -> [(index: Int, offset: Int)] {
        var reader = RecordReader(record)
        let indices = try (0..<reader.number()).map { _ in try reader.number() }
        var offset = reader.offset
        return indices.map { index in
            defer { offset += targets[index].byteCount }
            return (index, offset)
        }
    }

    // MARK: States

    package func saveStates(after layer: Int, _ original: HiddenStates, _ quantized: HiddenStates) throws {
        let byteCount = HiddenStates.recordByteCount(rowCount: original.rowCount, columns: original.columns)
        var record = try begin(Self.statesName, expectedByteCount: 8 + 2 * byteCount)
        try record.append(layer)
        for states in [original, quantized] { try record.append(states) }
        try record.finish()
    }

    /// - Parameter isComplete: whether all is kept that is needed of a layer.
    /// - Returns: nil if no layer is finished, or if one up to the last finished is not complete.
    package func loadStates(
        rowCount: Int, columns: Int, isComplete: (_ layer: Int) throws -> Bool
    ) throws -> (layer: Int, original: HiddenStates, quantized: HiddenStates)? {
        guard let record = try record(Self.statesName) else { return nil }
        var reader = RecordReader(record)
        let layer = try reader.number()
        guard try (0...layer).allSatisfy(isComplete) else { return nil }
        let original = try reader.states(rowCount: rowCount, columns: columns)
        return (layer, original, try reader.states(rowCount: rowCount, columns: columns))
    }

    // MARK: Records

    private func begin(_ name: String, expectedByteCount: Int) throws -> RecordWriter {
        KeptWork.insert(folder, output: output)
        return try RecordWriter(path: "\(folder)/\(name)", seed: seed(of: name), expectedByteCount: expectedByteCount)
    }

    private func record(_ name: String) throws -> Record? {
        try Record(path: "\(folder)/\(name)", seed: seed(of: name))
    }

    /// What digests begin with, so that a record of another run or another name is none.
    private func seed(of name: String) -> [UInt8] { identity + Array("\n\(name)\n".utf8) }

    private static func name(ofLayer layer: Int) -> String { "layer-\(layer)" }

    package func remove() {
        work.remove(where: Self.isOwn)
        KeptWork.remove(folder)
    }

    private static func isOwn(_ name: String) -> Bool {
        name == statesName || name.hasPrefix("layer-") && Int(name.dropFirst(6)) != nil
    }
}
