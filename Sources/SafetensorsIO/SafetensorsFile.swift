import Files

/// One safetensors file, open for reading.
///
/// The header is read and checked on opening: all tensors lie inside the file, do not overlap and leave no holes.
public final class SafetensorsFile: Sendable {
    /// A tensor of the file.
    public struct Tensor: Sendable, Hashable {
        /// The name that the header gives to the tensor.
        public let name: String
        /// The type of the elements.
        public let type: SafetensorsType
        /// The dimensions, slowest first as the header lists them; empty for a single number. A dimension may be 0.
        public let shape: [Int]
        /// The bytes of the file that hold the elements, row by row, little-endian.
        public let byteRange: Range<Int>

        /// The size of all elements in bytes.
        public var byteCount: Int { byteRange.count }
    }

    /// The path of the file.
    public var path: String { file.path }
    /// All tensors, in the order of their data in the file.
    public let tensors: [Tensor]
    /// The header's `__metadata__`, in its order.
    public let metadata: [Metadata]
    private let file: ReadableFile
    private let index: [ByteString: Int]

    /// An entry of the header's `__metadata__`.
    public struct Metadata: Sendable, Hashable {
        /// The key, byte for byte as the header has it.
        public let key: ByteString
        /// The text of the entry; under the key `format` it is mostly `pt`.
        public let value: ByteString

        /// An entry of a file that is written.
        ///
        /// - Parameters:
        ///   - key: The key.
        ///   - value: The text of the entry.
        public init(key: ByteString, value: ByteString) {
            self.key = key
            self.value = value
        }
    }

    /// Opens the file at `path`.
    ///
    /// - Throws: ``SafetensorsError`` if the file is damaged, with the place in it; `FileError` if it cannot be read.
    public init(path: String) throws {
        let file = try ReadableFile(path: path)
        let header = try SafetensorsHeader(file)
        self.file = file
        tensors = header.tensors
        metadata = header.metadata
        index = Dictionary(uniqueKeysWithValues: header.tensors.enumerated().map { (ByteString($1.name), $0) })
    }

    /// The size of the file in bytes.
    public var byteCount: Int { file.byteCount }

    /// The index in ``tensors`` of the tensor of that name; nil if there is none.
    public func index(ofTensor name: String) -> Int? { index[ByteString(name)] }

    /// Reads some bytes of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: one of this file's ``tensors``.
    ///   - byteRange: the range of bytes, counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    /// - Throws: `FileError` if the file cannot be read.
    public func read(_ tensor: Tensor, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        precondition(byteRange.lowerBound >= 0 && byteRange.upperBound <= tensor.byteCount, "bytes outside the tensor")
        precondition(buffer.count == byteRange.count, "the buffer must fit the bytes")
        try file.read(at: tensor.byteRange.lowerBound + byteRange.lowerBound, into: buffer)
    }

    /// Tells the system what will be done with some bytes of a tensor.
    public func advise(_ use: ExpectedUse, _ tensor: Tensor, byteRange: Range<Int>) {
        let start = tensor.byteRange.lowerBound
        file.advise(use, start + byteRange.lowerBound..<start + byteRange.upperBound)
    }
}
