import Files
import Tensors

/// A model in one GGUF file, or in all parts of a split one, open for reading.
///
/// Everything but the tensor data is read and checked on opening; memory holds the metadata and the list of tensors.
public final class GGUFFile: Sendable, TensorSource {
    /// One file of the model.
    public struct Part: Sendable {
        /// The path of the file.
        public let path: String
        /// The version of the format that the file is written in, 2 or 3.
        public let version: UInt32
        /// All keys and values of the file, those that describe a split included.
        public let metadata: GGUFMetadata
        /// The alignment of tensors in bytes: their offsets from ``dataOffset`` are multiples of it.
        public let alignment: Int
        /// The byte offset in the file at which the tensor data begins.
        public let dataOffset: Int
        /// The size of the file in bytes.
        public let byteCount: Int
        /// The tensors that the file holds, as indices in ``GGUFFile/tensors``.
        public let tensorIndices: Range<Int>
    }

    /// The metadata of the model: that of the first part, without the keys that describe a split.
    public let metadata: GGUFMetadata
    /// The tensors of all parts, in their order in the files.
    public let tensors: [TensorDescriptor]
    /// The files, in their order; one if the model is not split.
    public let parts: [Part]
    private let files: [ReadableFile]
    private let locations: [Location]
    private let index: [ByteString: Int]

    private struct Location {
        let part: Int
        let offset: Int
    }

    /// Opens the file at `path`; any part of a split model opens the whole.
    ///
    /// - Throws: ``GGUFError`` if the file or a part of it is damaged, missing or of a kind that is not supported, with
    ///   the place in it; `FileError` if it cannot be read.
    public init(path: String) throws {
        let opened = try GGUFSplit.open(path)
        var parts: [Part] = []
        var tensors: [TensorDescriptor] = []
        var locations: [Location] = []
        var index: [ByteString: Int] = [:]
        for (number, (file, header)) in opened.enumerated() {
            for tensor in header.tensors {
                guard index.updateValue(index.count, forKey: ByteString(tensor.name)) == nil else {
                    throw GGUFError(.duplicateTensor, path: file.path, place: .tensor(tensor.name))
                }
            }
            parts.append(
                Part(
                    path: file.path, version: header.version, metadata: header.metadata, alignment: header.alignment,
                    dataOffset: header.dataOffset, byteCount: file.byteCount,
                    tensorIndices: tensors.count..<tensors.count + header.tensors.count))
            tensors += header.tensors
            locations += header.tensorOffsets.map { Location(part: number, offset: $0) }
        }
        var metadata = parts[0].metadata
        metadata.removeAll(where: GGUFSplit.keys.contains)
        try Self.checkVocabulary(metadata, path: parts[0].path)
        self.metadata = metadata
        self.tensors = tensors
        self.parts = parts
        self.files = opened.map(\.file)
        self.locations = locations
        self.index = index
    }

    /// The path of the file, or of the first part.
    public var path: String { parts[0].path }

    /// The version of the format that the file, or the first part, is written in: 2 or 3.
    public var version: UInt32 { parts[0].version }

    /// The alignment of tensors in bytes, in the file or in the first part.
    public var alignment: Int { parts[0].alignment }

    /// The size in bytes of the file, or of all parts together.
    public var fileByteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// The index in ``tensors`` of the tensor of that name; nil if there is none.
    public func index(ofTensor name: String) -> Int? { index[ByteString(name)] }

    /// The number of the part that holds the tensor at `index` in ``tensors``, from 0, and the byte offset of the
    /// tensor's first row in that file.
    public func location(ofTensorAt index: Int) -> (part: Int, fileOffset: Int) {
        (locations[index].part, locations[index].offset)
    }

    /// Tells the system what will be done with rows of a tensor.
    ///
    /// - Parameters:
    ///   - use: Whether the rows will be read soon, or not again.
    ///   - index: The tensor's index in ``tensors``.
    ///   - rows: Row numbers over all slower dimensions.
    public func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {
        let location = locations[index]
        let rowByteCount = tensors[index].rowByteCount
        files[location.part].advise(
            use, location.offset + rows.lowerBound * rowByteCount..<location.offset + rows.upperBound * rowByteCount)
    }

    /// Reads encoded rows of a tensor; may be called from any thread.
    ///
    /// - Parameters:
    ///   - index: The tensor's index in ``tensors``.
    ///   - rows: Row numbers over all slower dimensions.
    ///   - buffer: Receives `rows.count · rowByteCount` bytes.
    /// - Throws: `FileError` if the file cannot be read.
    public func readRows(
        ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let tensor = tensors[index]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= tensor.shape.rowCount, "rows outside the tensor")
        precondition(buffer.count == rows.count * tensor.rowByteCount, "the buffer must fit the rows")
        let location = locations[index]
        try files[location.part].read(at: location.offset + rows.lowerBound * tensor.rowByteCount, into: buffer)
    }

    /// The file, the tensor and the row in it that messages name for a row of the tensor at `index` in ``tensors``;
    /// rows are counted over all slower dimensions.
    public func origin(ofTensorAt index: Int, row: Int) -> RowOrigin {
        RowOrigin(file: files[locations[index].part].path, tensor: tensors[index].name, row: row)
    }

    private static func checkVocabulary(_ metadata: GGUFMetadata, path: String) throws {
        guard let tokenCount = metadata[GGUFVocabularyTables.tokensKey]?.array?.count else { return }
        for key in GGUFVocabularyTables.keysPerToken {
            guard let count = metadata[key]?.array?.count, count != tokenCount else { continue }
            throw GGUFError(.wrongArrayCount(found: count, expected: tokenCount), path: path, place: .key(key))
        }
    }
}
