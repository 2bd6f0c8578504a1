import Files
import FoundationEssentials
import Runtime
import Tensors
import WeightEncoding

/// What a calibrated quantization has come to, in a folder beside its output, so that a run that ends early is continued.
///
/// `run.json` says whose the folder is and what the run is; `layer-N` holds the encoded tensors of a layer, one after the
/// other; `states` holds the residual streams of both models after the last finished layer.
package struct CalibrationSpool {
    private let work: WorkFolder
    private var folder: String { work.path }

    /// - Parameters:
    ///   - identity: what decides the result; a folder of another run is refused.
    ///   - isRestarting: whether what an earlier run has kept is removed first.
    package init(output: String, identity: String, isRestarting: Bool) throws {
        let identity = Array(identity.utf8)
        if isRestarting { _ = try Self.clean(output) }
        work = try Self.open(Self.folder(of: output), identity)
        guard let found = work.foundDescription else { return }
        guard found == identity else { throw CalibrationError(.otherCalibration, file: folder) }
        KeptWork.insert(folder)
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

    /// Keeps a layer's tensors: a line of JSON with their places, and their bytes one after the other.
    package func append(layer: Int, _ tensors: [EncodedTensor]) throws {
        KeptWork.insert(folder)
        let header = Array(try JSONEncoder().encode(tensors.map(\.index))) + [0x0a]
        var file = try AtomicFile(
            path: path(ofLayer: layer), expectedByteCount: tensors.reduce(header.count) { $0 + $1.bytes.count })
        try file.append(header)
        for tensor in tensors { try file.append(tensor.bytes) }
        try file.commit()
    }

    /// Puts a layer's tensors in the place of the original's.
    ///
    /// - Parameter targets: what all tensors of the model become.
    package func restore(layer: Int, _ targets: [TensorDescriptor], in overlay: inout OverlayTensors) throws {
        let file = try ReadableFile(path: path(ofLayer: layer))
        for (index, offset) in try places(in: file, targets) {
            overlay.replace(index, by: targets[index], .file(file, offset: offset))
        }
    }

    /// Whether all of these tensors of a layer are kept, which those of an earlier run that completed other parts need not be.
    package func holds(_ indices: Set<Int>, ofLayer layer: Int, _ targets: [TensorDescriptor]) throws -> Bool {
        guard let file = try? ReadableFile(path: path(ofLayer: layer)) else { return false }
        return try indices.isSubset(of: places(in: file, targets).map(\.index))
    }

    /// Where the tensors of a layer's file are in it.
    private func places(
        in file: ReadableFile, _ targets: [TensorDescriptor]
    ) throws -> [(index: Int, offset: Int)] {
        let start = try file.bytes(0..<min(file.byteCount, 1 << 16))
        guard let end = start.firstIndex(of: 0x0a),
            let indices = try? JSONDecoder().decode([Int].self, from: Data(start[..<end])),
            indices.allSatisfy({ targets.indices ~= $0 })
        else { throw CalibrationError(.otherCalibration, file: folder) }
        var offset = end + 1
        let places = indices.map { index in
            defer { offset += targets[index].byteCount }
            return (index, offset)
        }
        guard file.byteCount == offset else {
            throw FileError(.truncated(expectedByteCount: offset, foundByteCount: file.byteCount), path: file.path)
        }
        return places
    }

    private func path(ofLayer layer: Int) -> String { "\(folder)/layer-\(layer)" }

    // MARK: States

    package func saveStates(after layer: Int, _ original: HiddenStates, _ quantized: HiddenStates) throws {
        var file = try AtomicFile(
            path: "\(folder)/states", expectedByteCount: 24 + 8 * original.rowCount * original.columns)
        for number in [layer, original.rowCount, original.columns] {
            try file.append(withUnsafeBytes(of: UInt64(number).littleEndian) { Array($0) })
        }
        for states in [original, quantized] { try states.withBytes { try file.append($0) } }
        try file.commit()
    }

    /// - Parameter isComplete: whether all is kept that is needed of a layer.
    /// - Returns: nil if no layer is finished, or if one up to the last finished is not complete.
    package func loadStates(
        rowCount: Int, columns: Int, isComplete: (_ layer: Int) throws -> Bool
    ) throws -> (layer: Int, original: HiddenStates, quantized: HiddenStates)? {
        guard let file = try? ReadableFile(path: "\(folder)/states") else { return nil }
        let byteCount = 4 * rowCount * columns
        guard file.byteCount == 24 + 2 * byteCount else { return nil }
        let numbers = try file.bytes(0..<24).withUnsafeBytes { bytes in
            (0..<3).map { Int(UInt64(littleEndian: bytes.load(fromByteOffset: 8 * $0, as: UInt64.self))) }
        }
        guard numbers[1] == rowCount, numbers[2] == columns, try (0...numbers[0]).allSatisfy(isComplete) else {
            return nil
        }
        func states(at offset: Int) throws -> HiddenStates {
            try HiddenStates(rowCount: rowCount, columns: columns) { try file.read(at: offset, into: $0) }
        }
        return (numbers[0], try states(at: 24), try states(at: 24 + byteCount))
    }

    package func remove() {
        work.remove(where: Self.isOwn)
        KeptWork.remove(folder)
    }

    private static func isOwn(_ name: String) -> Bool {
        name == "states" || name.hasPrefix("layer-") && Int(name.dropFirst(6)) != nil
    }
}
