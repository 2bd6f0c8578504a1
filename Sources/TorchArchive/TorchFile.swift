import Files

/// One file written by `torch.save` (PyTorch 1.6 or later) that holds a table of tensors, open for reading.
///
/// The archive and its pickle are read and checked on opening: all storages have their length, all tensors lie inside
/// them. Nothing of the pickle is executed. Elements are read when they are asked for.
public final class TorchFile: Sendable {
    /// A tensor of the file.
    public struct Tensor: Sendable, Hashable {
        /// The name that the table gives to the tensor.
        public let name: String
        /// The type of the elements.
        public let type: TorchType
        /// The dimensions, slowest first; empty for a single number. A dimension may be 0.
        public let shape: [Int]
        /// The size of all elements in bytes.
        public let byteCount: Int
        let layout: StridedLayout
    }

    /// The path of the file.
    public var path: String { file.path }
    /// All tensors, in the order of the table.
    public let tensors: [Tensor]
    private let file: ReadableFile
    private let index: [ByteString: Int]

    private static let pickleName = "data.pkl"

    /// Opens the file at a path.
    ///
    /// - Throws: ``TorchArchiveError`` if the file is damaged or of another kind, `FileError` if it cannot be read.
    public init(path: String) throws {
        let file = try ReadableFile(path: path)
        let entries = try ZipDirectory(file).entries
        let (folder, pickle) = try Self.pickle(in: entries, path: path)
        let byteOrder = "\(folder)byteorder"
        try Self.checkByteOrder((byteOrder, entries[ByteString(byteOrder)]), in: file)
        tensors = try Self.described(pickle, in: file).map { name, tensor in
            do throws(TensorFault) {
                let storage = try Self.storage(of: tensor, folder: folder, entries: entries)
                let layout = try StridedLayout(tensor, storage: storage)
                return Tensor(
                    name: name, type: tensor.type, shape: tensor.shape,
                    byteCount: tensor.shape.reduce(tensor.type.byteCount, *), layout: layout)
            } catch {
                throw TorchArchiveError(error.kind, path: path, place: .tensor(name))
            }
        }
        self.file = file
        index = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { (ByteString($1.name), $0) })
    }

    /// The size of the file in bytes.
    public var byteCount: Int { file.byteCount }

    /// The tensor of a name; nil if there is none.
    public func tensor(named name: String) -> Tensor? { index[ByteString(name)].map { tensors[$0] } }

    /// Reads some bytes of a tensor, as if its elements lay row by row; they are little-endian.
    ///
    /// - Parameters:
    ///   - tensor: one of this file's ``tensors``.
    ///   - byteRange: the bytes of whole elements, counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    public func read(_ tensor: Tensor, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        let size = tensor.type.byteCount
        precondition(byteRange.lowerBound >= 0 && byteRange.upperBound <= tensor.byteCount, "bytes outside the tensor")
        precondition(
            byteRange.lowerBound.isMultiple(of: size) && byteRange.upperBound.isMultiple(of: size), "parts of elements")
        precondition(buffer.count == byteRange.count, "the buffer must fit the bytes")
        try tensor.layout.read(
            byteRange.lowerBound / size..<byteRange.upperBound / size, of: file, into: buffer)
    }

    /// Tells the system what will be done with some bytes of a tensor.
    public func advise(_ use: ExpectedUse, _ tensor: Tensor, byteRange: Range<Int>) {
        guard tensor.layout.isContiguous else { return }
        let start = tensor.layout.start
        file.advise(use, start + byteRange.lowerBound..<start + byteRange.upperBound)
    }

    /// The only `data.pkl` in a folder at the archive's top, and that folder's name with its slash.
    private static func pickle(
        in entries: [ByteString: Range<Int>], path: String
    ) throws -> (folder: String, bytes: Range<Int>) {
        let found = entries.compactMap { name, bytes -> (folder: String, bytes: Range<Int>)? in
            guard let parts = name.string?.split(separator: "/", omittingEmptySubsequences: false), parts.count == 2,
                parts[1] == pickleName
            else { return nil }
            return ("\(parts[0])/", bytes)
        }
        guard let first = found.first else { throw TorchArchiveError(.noPickle, path: path) }
        guard found.count == 1 else {
            throw TorchArchiveError(.severalPickles(found.map { $0.folder + pickleName }.sorted()), path: path)
        }
        return first
    }

    /// Archives of older versions do not say their byte order; PyTorch takes them as little-endian.
    private static func checkByteOrder(_ entry: (name: String, bytes: Range<Int>?), in file: ReadableFile) throws {
        guard let bytes = entry.bytes else { return }
        let order = try file.bytes(bytes.prefix(16))
        guard order == Array("little".utf8) else {
            throw TorchArchiveError(
                .byteOrder(ByteString(order).description), path: file.path, place: .entry(entry.name))
        }
    }

    private static func described(
        _ bytes: Range<Int>, in file: ReadableFile
    ) throws -> [(name: String, tensor: PickledTensor)] {
        let limit = PickleReader.byteCountLimit
        guard bytes.count <= limit else {
            throw TorchArchiveError(.pickleTooLarge(byteCount: bytes.count, limit: limit), path: file.path)
        }
        let pickle = try file.bytes(bytes)
        guard !pickle.starts(with: [0x50, 0x4b, 3, 4]) else { throw TorchArchiveError(.nestedArchive, path: file.path) }
        do throws(PickleReader.Failure) {
            return try PickleReader.tensors(in: pickle)
        } catch {
            throw TorchArchiveError(error.kind, path: file.path, place: error.place)
        }
    }

    /// The bytes of a tensor's storage.
    private static func storage(
        of tensor: PickledTensor, folder: String, entries: [ByteString: Range<Int>]
    ) throws(TensorFault) -> Range<Int> {
        let name = "\(folder)data/\(tensor.storage.key)"
        guard let bytes = entries[ByteString(name)] else { throw TensorFault(kind: .missingStorage(name)) }
        let (expected, overflow) = tensor.storage.elementCount
            .multipliedReportingOverflow(by: tensor.storage.type?.byteCount ?? 1)
        guard !overflow, expected == bytes.count else {
            throw TensorFault(kind: .wrongStorageByteCount(found: bytes.count, expected: overflow ? .max : expected))
        }
        return bytes
    }
}
