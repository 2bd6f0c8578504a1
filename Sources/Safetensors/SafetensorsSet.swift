import ByteJSON
import Files
import FoundationEssentials

/// The weights of a checkpoint: one safetensors file, or the shards that an index lists.
///
/// Tensors that a shard has and the index does not mention are listed too, as the loaders of the Python packages do.
public final class SafetensorsSet: Sendable {
    /// A tensor of one of the files.
    public typealias Tensor = SafetensorsFile.Tensor

    /// A tensor and the file that it is in.
    public struct Entry: Sendable, Hashable {
        /// The tensor in its file.
        public let tensor: Tensor
        /// The place of the file in ``SafetensorsSet/files``.
        public let fileIndex: Int

        /// As the checkpoint calls it.
        public var name: String { tensor.name }
        /// Of the elements.
        public var type: SafetensorsType { tensor.type }
        /// Slowest dimension first.
        public var shape: [Int] { tensor.shape }
        /// Bytes of all elements.
        public var byteCount: Int { tensor.byteCount }
    }

    /// By file, and there in the order of their data.
    public let tensors: [Entry]
    /// Sorted by name.
    public let files: [SafetensorsFile]
    /// Whether the files are shards that no index lists.
    public let areFoundByName: Bool
    private let index: [ByteString: Int]

    /// Opens the weights of a checkpoint directory: `model.safetensors`, or the shards listed by
    /// `model.safetensors.index.json` or else by the only other `*.safetensors.index.json`. Without an index all files
    /// `*-00001-of-0000N.safetensors` of one set.
    ///
    /// Shards may be symbolic links to anywhere; their names must be plain. Throws ``SafetensorsError``, `JSONError` or
    /// `FileError`.
    public convenience init(directory: String) throws {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw SafetensorsError(.unreadableDirectory, path: directory)
        }
        if names.contains("model.safetensors") {
            try self.init(file: "\(directory)/model.safetensors")
            return
        }
        let indices = names.filter { $0.hasSuffix(".safetensors.index.json") }
        guard let first = indices.first else {
            try self.init(files: Self.numberedFiles(among: names, in: directory), areFoundByName: true)
            return
        }
        let preferred = "model.safetensors.index.json"
        guard indices.count == 1 || indices.contains(preferred) else {
            throw SafetensorsError(.severalIndices(indices), path: directory)
        }
        let index = try SafetensorsIndex(
            contentsOf: "\(directory)/\(indices.contains(preferred) ? preferred : first)")
        let files = try index.openShards(in: directory)
        try self.init(files: files)
        try index.check(self)
    }

    /// Opens a single file.
    public convenience init(file path: String) throws {
        try self.init(files: [SafetensorsFile(path: path)])
    }

    /// The shards that number themselves, where there is no index: all of one set.
    private static func numberedFiles(among names: [String], in directory: String) throws -> [SafetensorsFile] {
        let sets = NumberedFiles.sets(among: names, suffix: ".safetensors")
        guard let set = sets.first else { throw SafetensorsError(.noWeights, path: directory) }
        guard sets.count == 1 else {
            throw SafetensorsError(.severalSets(sets.map { $0.names[0] }), path: directory)
        }
        guard set.missing.isEmpty else {
            throw SafetensorsError(
                .numberedShardsMissing(set.missing, count: set.names.count), path: directory)
        }
        return try set.names.map { try SafetensorsFile(path: "\(directory)/\($0)") }
    }

    private init(files: [SafetensorsFile], areFoundByName: Bool = false) throws {
        var entries: [Entry] = []
        var index: [ByteString: Int] = [:]
        for (number, file) in files.enumerated() {
            for tensor in file.tensors {
                if let other = index.updateValue(entries.count, forKey: ByteString(tensor.name)) {
                    let otherPath = files[entries[other].fileIndex].path
                    throw SafetensorsError(
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
    ///   - byteRange: counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    public func read(_ entry: Entry, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try files[entry.fileIndex].read(entry.tensor, byteRange: byteRange, into: buffer)
    }

    /// Tells the system what will be done with some bytes of a tensor.
    public func advise(_ use: ExpectedUse, _ entry: Entry, byteRange: Range<Int>) {
        files[entry.fileIndex].advise(use, entry.tensor, byteRange: byteRange)
    }
}
