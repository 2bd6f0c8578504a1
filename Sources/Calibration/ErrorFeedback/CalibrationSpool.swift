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

    /// - Parameter identity: what decides the result; a folder of another run is refused.
    package init(output: String, identity: String) throws {
        let identity = Array(identity.utf8)
        work = try WorkFolder(
            output + ".calibration", marker: "run.json", heading: "swage-calibration 1", description: identity)
        guard work.foundDescription.map({ $0 == identity }) ?? true else {
            throw CalibrationError(.otherCalibration, file: folder)
        }
    }

    /// Keeps a layer's tensors: a line of JSON with their places, and their bytes one after the other.
    package func append(layer: Int, _ tensors: [EncodedTensor]) throws {
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

    package func remove() { work.remove { $0 == "states" || $0.hasPrefix("layer-") && Int($0.dropFirst(6)) != nil } }
}
