import Evaluation
import Files
import Journals
import Platform
import Runtime
import Tensors
import WeightEncoding

/// What a calibrated quantization has come to, in a folder beside its output, so that a run that ends early is continued.
///
/// `run.json` says whose the folder is and what the run is; `layer-N` holds the encoded tensors of a layer, one after the
/// other; `states` holds the residual streams of both models after the last finished layer. Both are records with digests:
/// one that is damaged counts as none.
package struct CalibrationSpool {
    /// The folder, as long as this process has it to itself; nil if several work in it.
    private let work: WorkFolder?
    private let folder: String
    /// Whose work it is, to be told if the run ends early; nil for a part of it.
    private let output: String?
    private let identity: [UInt8]

    private static let statesName = "states"
    private static let marker = "run.json"
    private static let heading = "swage-calibration 1"

    /// - Parameters:
    ///   - folder: where parts have left it; nil for the folder beside the output.
    ///   - identity: what decides the result; a folder of another run is refused.
    ///   - isRestarting: whether what an earlier run has kept is removed first.
    package init(output: String, folder parts: String? = nil, identity: String, isRestarting: Bool) throws {
        let identity = Array(identity.utf8)
        self.identity = identity
        self.output = parts == nil ? output : nil
        if isRestarting, parts == nil { _ = try Self.clean(output) }
        folder = parts ?? Self.folder(of: output)
        let work = try Self.open(folder, identity)
        self.work = work
        guard let found = work.foundDescription else { return }
        guard found == identity else { throw CalibrationError(.otherCalibration, file: folder) }
        if parts == nil { KeptWork.insert(folder, output: output) }
    }

    /// Opens a folder that several processes work in, or makes it.
    ///
    /// - Parameters:
    ///   - folder: The path of the folder; the folder around it must exist.
    ///   - identity: What decides the result; a folder of another run is refused.
    /// - Throws: ``CalibrationError``, and `FileError` if something else bears the name or nothing can be written.
    package init(shared folder: String, identity: String) throws {
        let identity = Array(identity.utf8)
        (self.identity, self.folder, work, output) = (identity, folder, nil, nil)
        let description = Array("\(Self.heading)\n".utf8) + identity
        let path = "\(folder)/\(Self.marker)"
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else {
            throw FileError(.system(operation: "write", errno: errno), path: folder)
        }
        while true {
            if WorkFolder.isThere(path) {
                guard try ReadableFile.contents(of: path, limit: .calibration) == description else {
                    throw CalibrationError(.otherCalibration, file: folder)
                }
                return
            }
            do {
                var file = try AtomicFile(path: path)
                try file.append(description)
                try file.commit()
            } catch let error as FileError where error.kind == .beingWritten {
                usleep(Self.pollMicroseconds)
            }
        }
    }

    /// How long a process waits before it looks again for what another makes.
    package static let pollMicroseconds: UInt32 = 100_000

    /// The path of the folder in which the calibration of an output is kept.
    package static func folder(of output: String) -> String { output + ".calibration" }

    private static func open(_ folder: String, _ identity: [UInt8]) throws -> WorkFolder {
        try WorkFolder(folder, marker: marker, heading: heading, description: identity)
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
        if let output { KeptWork.insert(folder, output: output) }
        return try RecordWriter(path: "\(folder)/\(name)", seed: seed(of: name), expectedByteCount: expectedByteCount)
    }

    private func record(_ name: String) throws -> Record? {
        try Record(path: "\(folder)/\(name)", seed: seed(of: name))
    }

    /// What digests begin with, so that a record of another run or another name is none.
    private func seed(of name: String) -> [UInt8] { identity + Array("\n\(name)\n".utf8) }

    private static func name(ofLayer layer: Int) -> String { "layer-\(layer)" }

    package func remove() {
        work?.remove(where: Self.isOwn)
        KeptWork.remove(folder)
    }

    private static func isOwn(_ name: String) -> Bool {
        name == statesName || name.hasPrefix("layer-") && Int(name.dropFirst(6)) != nil
            || name.hasPrefix(piecePrefix) || name.hasPrefix(lockPrefix)
    }

    // MARK: Several processes

    private static let piecePrefix = "piece-"
    private static let lockPrefix = "lock-"

    /// Keeps the bytes of some matrices, one after the other, for the other processes.
    func keep(piece name: String, _ matrices: [ArraySlice<UInt8>]) throws {
        var record = try begin(
            Self.piecePrefix + name, expectedByteCount: matrices.reduce(0) { $0 + $1.count })
        for bytes in matrices { try bytes.withUnsafeBytes { try record.append($0) } }
        try record.finish()
    }

    /// The bytes of matrices that a process has kept; nil if they are not there yet.
    func piece(_ name: String, byteCount: Int) throws -> RecordReader? {
        try record(Self.piecePrefix + name).flatMap { $0.byteCount == byteCount ? RecordReader($0) : nil }
    }

    /// What others must not do while this process does it; nil if another process does.
    func lock(_ name: String) throws -> CalibrationLock? {
        try CalibrationLock("\(folder)/\(Self.lockPrefix)\(name)")
    }

    /// Whether a layer's tensors are kept, all of them.
    func holds(layer: Int) throws -> Bool { try record(Self.name(ofLayer: layer)) != nil }

    /// The digest of a layer's tensors; nil if they are not kept.
    package func digest(ofLayer layer: Int) throws -> String? {
        guard let record = try record(Self.name(ofLayer: layer)) else { return nil }
        return String(
            decoding: try record.file.bytes(record.byteCount..<record.file.byteCount), as: UTF8.self)
    }
}
