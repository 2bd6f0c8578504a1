import Files
import FoundationEssentials

/// The weights of a checkpoint: one file written by `torch.save`, or the shards that an index lists.
///
/// Tensors that a shard has and the index does not mention are listed too, as the loaders of the Python packages do.
public final class TorchArchiveSet: Sendable {
    /// A tensor of one of the files.
    public typealias Tensor = TorchFile.Tensor

    /// A tensor and the file that it is in.
    public struct Entry: Sendable, Hashable {
        /// The tensor in its file.
        public let tensor: Tensor
        /// The place of the file in ``TorchArchiveSet/files``.
        public let fileIndex: Int

        /// As the checkpoint calls it.
        public var name: String { tensor.name }
        /// Of the elements.
        public var type: TorchType { tensor.type }
        /// Slowest dimension first.
        public var shape: [Int] { tensor.shape }
        /// Bytes of all elements.
        public var byteCount: Int { tensor.byteCount }
    }

    /// By file, and there in the order of its table.
    public let tensors: [Entry]
    /// Sorted by name.
    public let files: [TorchFile]
    /// Whether the files are shards that no index lists.
    public let areFoundByName: Bool
    private let index: [ByteString: Int]

    private static let fileName = "pytorch_model.bin"
    private static let indexSuffix = ".bin.index.json"

    /// Opens the weights of a checkpoint directory: `pytorch_model.bin`, or the shards listed by
    /// `pytorch_model.bin.index.json` or else by the only other `*.bin.index.json`. Without an index all files
    /// `*-00001-of-0000N.bin` of one set.
    ///
    /// Shards may be symbolic links to anywhere; their names must be plain. Throws ``TorchArchiveError``, `JSONError` or
    /// `FileError`.
    public convenience init(directory: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw TorchArchiveError(.unreadableDirectory, path: directory)
        }
        if names.contains(Self.fileName) {
            try self.init(file: "\(directory)/\(Self.fileName)")
            return
        }
        let indices = names.filter { $0.hasSuffix(Self.indexSuffix) }
        guard let first = indices.first else {
            try self.init(files: Self.numberedFiles(among: names, in: directory), areFoundByName: true)
            return
        }
        let preferred = "pytorch_model" + Self.indexSuffix
        guard indices.count == 1 || indices.contains(preferred) else {
            throw TorchArchiveError(.severalIndices(indices), path: directory)
        }
        let index = try TorchIndex(contentsOf: "\(directory)/\(indices.contains(preferred) ? preferred : first)")
        let files = try index.openShards(in: directory)
        try self.init(files: files)
        try index.check(self)
    }

    /// Opens a single file.
    public convenience init(file path: String) throws {
        try self.init(files: [TorchFile(path: path)])
    }

    /// The shards that number themselves, where there is no index: all of one set.
    private static func numberedFiles(among names: [String], in directory: String) throws -> [TorchFile] {
        let sets = NumberedFiles.sets(among: names, suffix: ".bin")
        guard let set = sets.first else { throw TorchArchiveError(.noWeights, path: directory) }
        guard sets.count == 1 else {
            throw TorchArchiveError(.severalSets(sets.map { $0.names[0] }), path: directory)
        }
        guard set.missing.isEmpty else {
            throw TorchArchiveError(
                .numberedShardsMissing(set.missing, count: set.names.count), path: directory)
        }
        return try set.names.map { try TorchFile(path: "\(directory)/\($0)") }
    }

    private init(files: [TorchFile], areFoundByName: Bool = false) throws {
        var entries: [Entry] = []
        var index: [ByteString: Int] = [:]
        for (number, file) in files.enumerated() {
            for tensor in file.tensors {
                if let other = index.updateValue(entries.count, forKey: ByteString(tensor.name)) {
                    let otherPath = files[entries[other].fileIndex].path
                    throw TorchArchiveError(
                        .inTwoShards(otherPath, file.path), path: file.path, place: .tensor(tensor.name))
                }
                entries.append(Entry(tensor: tensor, fileIndex: number))
            }
        }
        tensors = entries
        self.files = files
        self.areFoundByName = areFoundByName
        self.index = index
    }

    /// The tensor of that name.
    public func entry(named name: String) -> Entry? { index[ByteString(name)].map { tensors[$0] } }

    /// The path of the file that holds the tensor.
    public func path(of entry: Entry) -> String { files[entry.fileIndex].path }

    /// Reads some bytes of a tensor.
    ///
    /// - Parameters:
    ///   - byteRange: counted from the tensor's first byte; whole elements.
    ///   - buffer: receives `byteRange.count` bytes.
    public func read(_ entry: Entry, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try files[entry.fileIndex].read(entry.tensor, byteRange: byteRange, into: buffer)
    }

    /// Tells the system what will be done with some bytes of a tensor.
    public func advise(_ use: ExpectedUse, _ entry: Entry, byteRange: Range<Int>) {
        files[entry.fileIndex].advise(use, entry.tensor, byteRange: byteRange)
    }
}
