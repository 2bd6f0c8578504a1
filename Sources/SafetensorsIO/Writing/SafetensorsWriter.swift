import Files
import Tensors

/// Writes one safetensors file, tensor by tensor.
///
/// The header goes out at once; memory does not depend on the size of the tensors. The file appears under its name with
/// ``finish()``. The same metadata and tensors give the same bytes, which are those of the format's own library for tensors in
/// the same order.
public struct SafetensorsWriter: ~Copyable, TensorSink {
    /// The path that the file has once it is finished.
    public let path: String
    private let tensors: [SafetensorsEntry]
    /// The file that is being written; nil once it is finished.
    private var file: AtomicFile?
    /// The tensor that is being written.
    private var current = 0
    private var written = 0

    /// Begins a file with the list of its tensors, whose data must follow.
    ///
    /// - Parameters:
    ///   - path: The path that the file has once it is finished.
    ///   - metadata: The texts of `__metadata__`, in their order; PyTorch's loaders ask for `format` = `pt`.
    ///   - tensors: The tensors, in the order in which their data follow.
    /// - Throws: ``SafetensorsError`` if two tensors have one name or the header is larger than the format allows;
    ///   `FileError` if the file cannot be written or the disk has no room for all of it.
    public init(path: String, metadata: [SafetensorsFile.Metadata] = [], tensors: [SafetensorsEntry]) throws {
        try self.init(path: path, layout: SafetensorsLayout(metadata: metadata, tensors: tensors, path: path))
    }

    init(path: String, layout: SafetensorsLayout) throws {
        var file = try AtomicFile(path: path, expectedByteCount: layout.byteCount)
        try file.append(layout.header)
        self.path = path
        tensors = layout.tensors
        self.file = consume file
    }

    /// Appends the next bytes of the current tensor: elements one after the other, the last dimension fastest, little-endian.
    ///
    /// - Throws: ``SafetensorsError`` if they are more than it has; `FileError` if they cannot be written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        let tensor = try currentTensor()
        guard bytes.count <= tensor.byteCount - written else { throw wrongByteCount(written + bytes.count) }
        try file?.append(bytes)
        written += bytes.count
    }

    /// Ends the current tensor.
    ///
    /// - Throws: ``SafetensorsError`` if bytes of it are missing.
    public mutating func endTensor() throws {
        guard written == (try currentTensor().byteCount) else { throw wrongByteCount(written) }
        current += 1
        written = 0
    }

    /// Brings the file to disk and gives it its name.
    ///
    /// - Throws: ``SafetensorsError`` if tensors are missing; `FileError` if it cannot be written.
    public mutating func finish() throws {
        guard current == tensors.count else {
            throw SafetensorsError(.tensorsMissing(written: current, expected: tensors.count), path: path)
        }
        guard let file = file.take() else { return }
        try file.commit()
    }

    private func currentTensor() throws -> SafetensorsEntry {
        guard current < tensors.count else { throw SafetensorsError(.noTensorLeft, path: path) }
        return tensors[current]
    }

    private func wrongByteCount(_ found: Int) -> SafetensorsError {
        let tensor = tensors[current]
        return SafetensorsError(
            .wrongByteCount(found: found, expected: tensor.byteCount), path: path, place: .tensor(tensor.name))
    }
}
