import Files
import Tensors

/// Writes one GGUF file of version 3, little-endian, tensor by tensor.
///
/// The header goes out at once; memory does not depend on the size of the model. The file appears under its name with
/// ``finish()``. The same metadata and tensors give the same bytes.
public struct GGUFWriter: ~Copyable, TensorSink {
    /// The path that the file has once it is finished.
    public let path: String
    private let tensors: [TensorDescriptor]
    private let alignment: Int
    /// The file that is being written; nil once it is finished.
    private var file: AtomicFile?
    /// The tensor that is being written.
    private var current = 0
    private var written = 0
    private let observe: ((UnsafeRawBufferPointer) -> Void)?

    /// Begins a file with its metadata and the list of its tensors, whose data must follow.
    ///
    /// Tensors are padded to `general.alignment`, or to 32 bytes without that key.
    ///
    /// - Parameters:
    ///   - path: The path that the file has once it is finished.
    ///   - metadata: The keys and values, which are written in their order.
    ///   - tensors: The tensors, in the order in which their data follow.
    ///   - observe: Is called with all bytes behind the header as they are appended; nil if nobody needs to see them.
    /// - Throws: ``GGUFError`` if the contents break a rule of the format; `FileError` if the file cannot be written or
    ///   the disk has no room for all of it.
    public init(
        path: String, metadata: GGUFMetadata, tensors: [TensorDescriptor],
        observe: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        try self.init(
            path: path, layout: GGUFLayout(metadata: metadata, tensors: tensors, path: path), observe: observe)
    }

    /// Begins a file that is laid out already.
    ///
    /// - Parameter observe: Sees all bytes behind the header as they are appended.
    /// - Throws: `FileError` if the file cannot be written or the disk has no room for all of it.
    package init(
        path: String, layout: GGUFLayout, observe: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) throws {
        var file = try AtomicFile(path: path, expectedByteCount: layout.byteCount)
        try file.append(layout.header)
        self.path = path
        self.tensors = layout.tensors
        self.alignment = layout.alignment
        self.observe = observe
        self.file = consume file
    }

    /// Goes on with a file whose first tensors are written.
    ///
    /// - Parameters:
    ///   - file: the file up to the padding of the last of them.
    ///   - tensorCount: how many they are.
    ///   - observe: Sees all bytes behind the header as they are appended.
    package init(
        continuing file: consuming AtomicFile, layout: GGUFLayout, tensorCount: Int,
        observe: ((UnsafeRawBufferPointer) -> Void)? = nil
    ) {
        path = file.path
        tensors = layout.tensors
        alignment = layout.alignment
        current = tensorCount
        self.observe = observe
        self.file = consume file
    }

    /// Lets the file stay when the work ends early, under another temporary name on the same disk.
    ///
    /// - Throws: `FileError` if the system refuses the name.
    package mutating func keep(as stored: String) throws { try file?.keep(as: stored) }

    /// Gives the system all bytes that were appended.
    ///
    /// - Throws: `FileError` if they cannot be written.
    package mutating func flush() throws { try file?.flush() }

    /// The size in bytes of the file that would be written.
    ///
    /// - Throws: ``GGUFError`` if the contents break a rule of the format.
    public static func byteCount(metadata: GGUFMetadata, tensors: [TensorDescriptor]) throws -> Int {
        try GGUFLayout(metadata: metadata, tensors: tensors, path: "").byteCount
    }

    /// Appends the next bytes of the current tensor.
    ///
    /// - Throws: ``GGUFError`` if they are more than it has; `FileError` if they cannot be written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard current < tensors.count else { throw GGUFError(.noTensorLeft, path: path) }
        guard bytes.count <= tensors[current].byteCount - written else { throw wrongByteCount(written + bytes.count) }
        try file?.append(bytes)
        observe?(bytes)
        written += bytes.count
    }

    /// Ends the current tensor and pads it with zeros.
    ///
    /// - Throws: ``GGUFError`` if bytes are missing; `FileError` if the padding cannot be written.
    public mutating func endTensor() throws {
        guard current < tensors.count else { throw GGUFError(.noTensorLeft, path: path) }
        guard written == tensors[current].byteCount else { throw wrongByteCount(written) }
        let padding = [UInt8](repeating: 0, count: -written & (alignment - 1))
        try file?.append(padding)
        if let observe { padding.withUnsafeBytes(observe) }
        current += 1
        written = 0
    }

    /// Puts `bytes` in the place of as many bytes of the header, from a byte offset of the file on.
    ///
    /// - Throws: `FileError` if they cannot be written.
    public mutating func replaceHeader(at offset: Int, with bytes: [UInt8]) throws {
        try file?.replace(at: offset, with: bytes)
    }

    /// Brings the file to disk and gives it its name.
    ///
    /// - Throws: ``GGUFError`` if tensors are missing; `FileError` if it cannot be written.
    public mutating func finish() throws {
        try sync()
        try publish()
    }

    /// Brings a complete file to disk, under its temporary name still.
    mutating func sync() throws {
        guard current == tensors.count else {
            throw GGUFError(.tensorsMissing(written: current, expected: tensors.count), path: path)
        }
        try file?.sync()
    }

    /// Gives a synced file its name.
    mutating func publish() throws {
        guard let file = file.take() else { return }
        try file.publish()
    }

    private func wrongByteCount(_ found: Int) -> GGUFError {
        let tensor = tensors[current]
        return GGUFError(
            .tensorByteCount(found: found, expected: tensor.byteCount), path: path, place: .tensor(tensor.name))
    }
}
