import Files
import Tensors

/// A model in one GGUF file, or in all parts of a split one, open for reading.
///
/// Everything but the tensor data is read and checked on opening; memory holds the metadata and the list of tensors.
public final class GGUFFile: Sendable, TensorSource {
    /// One file of the model.
    public struct Part: Sendable {
        /// The file.
        public let path: String
        /// Of the format: 2 or 3.
        public let version: UInt32
        /// All keys of this file, those of the split included.
        public let metadata: GGUFMetadata
        /// What the offsets of the tensors are multiples of, counted from ``dataOffset``.
        public let alignment: Int
        /// Where the tensor data begins in the file.
        public let dataOffset: Int
        /// Bytes of the file.
        public let byteCount: Int
        /// Which tensors of the model are in this file.
        public let tensorIndices: Range<Int>
    }

    /// The metadata of the model: what the first part says, without the keys that describe a split.
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
    /// Throws ``GGUFError`` or `FileError`.
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

    /// Of the format: 2 or 3.
    public var version: UInt32 { parts[0].version }

    /// Of the file, or of the first part: what tensor offsets are multiples of.
    public var alignment: Int { parts[0].alignment }

    /// Bytes of all parts.
    public var fileByteCount: Int { parts.reduce(0) { $0 + $1.byteCount } }

    /// The place in ``tensors`` of the tensor of that name.
    public func index(ofTensor name: String) -> Int? { index[ByteString(name)] }

    /// Which part holds the tensor at `index`, and where in that file it begins.
    public func location(ofTensorAt index: Int) -> (part: Int, fileOffset: Int) {
        (locations[index].part, locations[index].offset)
    }

    /// Reads encoded rows of the tensor at `index` in ``tensors``; from any thread.
    ///
    /// - Parameters:
    ///   - rows: row numbers over all slower dimensions.
    ///   - buffer: receives `rows.count · rowByteCount` bytes.
    ///
    /// Throws `FileError`.
    public func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {
        let location = locations[index]
        let rowByteCount = tensors[index].rowByteCount
        files[location.part].advise(
            use, location.offset + rows.lowerBound * rowByteCount..<location.offset + rows.upperBound * rowByteCount)
    }

    public func readRows(
        ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer
    ) throws {
        let tensor = tensors[index]
        precondition(rows.lowerBound >= 0 && rows.upperBound <= tensor.shape.rowCount, "rows outside the tensor")
        precondition(buffer.count == rows.count * tensor.rowByteCount, "the buffer must fit the rows")
        let location = locations[index]
        try files[location.part].read(at: location.offset + rows.lowerBound * tensor.rowByteCount, into: buffer)
    }

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
