import Files
import Tensors

/// Writes the weights of a checkpoint as safetensors files of a size with their index, tensor by tensor.
///
/// Each file appears under its name when it is complete, the index last. A set that ends early is not taken for a checkpoint:
/// the names say how many files there are to be.
public struct SafetensorsShardWriter: ~Copyable, TensorSink {
    /// The folder of the files.
    public let directory: String
    /// The files and the tensors of each.
    public let shards: SafetensorsShards
    /// The number of files that are complete.
    public private(set) var finishedCount: Int
    private let metadata: [SafetensorsFile.Metadata]
    /// Tensors that are written, those of complete files among them.
    private var written: Int
    private var writer: SafetensorsWriter?

    /// Begins the files, or goes on with them.
    ///
    /// - Parameters:
    ///   - directory: A folder that is there.
    ///   - shards: The files and the tensors of each.
    ///   - metadata: The texts of `__metadata__` of each file; PyTorch's loaders ask for `format` = `pt`.
    ///   - finishedCount: The first files that are there already; the next tensor is the one behind theirs.
    /// - Throws: ``SafetensorsError`` if two tensors of the first file have one name or its header is larger than the format
    ///   allows; `FileError` if it cannot be written.
    public init(
        directory: String, shards: SafetensorsShards, metadata: [SafetensorsFile.Metadata] = [], finishedCount: Int = 0
    ) throws {
        precondition((0...shards.cuts.count).contains(finishedCount), "more files than there are")
        self.directory = directory
        self.shards = shards
        self.metadata = metadata
        self.finishedCount = finishedCount
        written = finishedCount == 0 ? 0 : shards.cuts[finishedCount - 1].upperBound
        if finishedCount < shards.cuts.count { try beginShard() }
    }

    /// The path of a file, counted from 0.
    public func path(ofShard number: Int) -> String { "\(directory)/\(shards.names[number])" }

    /// The sizes of the files in bytes, with their headers.
    ///
    /// - Throws: ``SafetensorsError`` if two tensors of a file have one name or a header is larger than the format allows.
    public static func byteCounts(
        of shards: SafetensorsShards, metadata: [SafetensorsFile.Metadata] = []
    ) throws -> [Int] {
        try zip(shards.cuts, shards.names).map { cut, name in
            try SafetensorsLayout(metadata: metadata, tensors: Array(shards.tensors[cut]), path: name).byteCount
        }
    }

    /// Appends the next bytes of the current tensor: elements one after the other, the last dimension fastest, little-endian.
    ///
    /// - Throws: ``SafetensorsError`` if they are more than it has; `FileError` if they cannot be written.
    public mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        try beginShard()
        try writer?.append(bytes)
    }

    /// Ends the current tensor and, if it was the last of its file, gives the file its name.
    ///
    /// - Throws: ``SafetensorsError`` if bytes of the tensor are missing; `FileError` if a file cannot be written.
    public mutating func endTensor() throws {
        try beginShard()
        try writer?.endTensor()
        written += 1
        guard written == shards.cuts[finishedCount].upperBound else { return }
        try finishShard()
    }

    /// Writes the index, if there are several files.
    ///
    /// - Throws: ``SafetensorsError`` if tensors are missing; `FileError` if a file cannot be written.
    public mutating func finish() throws {
        // A file without tensors has had no last one; one whose tensors are missing is refused.
        if finishedCount < shards.cuts.count {
            try beginShard()
            try finishShard()
        }
        guard let name = shards.indexName else { return }
        var file = try AtomicFile(path: "\(directory)/\(name)")
        try file.append(shards.index)
        try file.commit()
    }

    private mutating func finishShard() throws {
        try writer?.finish()
        writer = nil
        finishedCount += 1
    }

    /// Begins the next file, if none is being written.
    private mutating func beginShard() throws {
        guard writer == nil else { return }
        guard finishedCount < shards.cuts.count else { throw SafetensorsError(.noTensorLeft, path: directory) }
        writer = try SafetensorsWriter(
            path: path(ofShard: finishedCount), metadata: metadata,
            tensors: Array(shards.tensors[shards.cuts[finishedCount]]))
    }
}
