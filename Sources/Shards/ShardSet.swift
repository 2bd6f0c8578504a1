import Files
import FoundationEssentials

/// The weights of a checkpoint: one file, the shards that an index lists, or shards with numbers in their names.
///
/// Tensors that a shard has and the index does not mention are listed too, as the loaders of the Python packages do.
public final class ShardSet<File: ShardFile>: Sendable {
    /// A tensor and the file that it is in.
    public struct Entry: Sendable, Hashable {
        /// The tensor in its file.
        public let tensor: File.Tensor
        /// The place of the file in ``ShardSet/files``.
        public let fileIndex: Int

        /// The name of the tensor in the checkpoint.
        public var name: String { tensor.name }
        /// The type of the elements.
        public var type: File.Tensor.ElementType { tensor.type }
        /// The dimensions of the tensor, slowest first.
        public var shape: [Int] { tensor.shape }
        /// The size of all elements in bytes.
        public var byteCount: Int { tensor.byteCount }
    }

    /// All tensors, in the order of ``files``, and in each file in its own order.
    public let tensors: [Entry]
    /// The files, sorted by name.
    public let files: [File]
    /// Whether the files are shards that no index lists.
    public let areFoundByName: Bool
    private let index: [ByteString: Int]

    /// Opens the weights of a checkpoint directory.
    ///
    /// They are the file with the name for a single one, such as `model.safetensors`; else the shards that
    /// `model.safetensors.index.json` lists, or the only other `*.safetensors.index.json`; else, without an index, all
    /// files `*-00001-of-0000N.safetensors` of one set. Shards may be symbolic links to anywhere; their names must be
    /// plain.
    ///
    /// - Throws: ``ShardError``, `JSONError` for an index that is not JSON, or the errors of the files.
    public convenience init(directory: String) throws {
        let naming = File.naming
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
        } catch {
            throw ShardError(.unreadableDirectory, naming, path: directory)
        }
        if names.contains(naming.fileName) {
            try self.init(file: "\(directory)/\(naming.fileName)")
            return
        }
        let indices = names.filter { $0.hasSuffix(naming.indexSuffix) }
        guard let first = indices.first else {
            try self.init(files: Self.numberedFiles(among: names, in: directory), areFoundByName: true)
            return
        }
        let isNamedAsUsual = indices.contains(naming.indexName)
        guard indices.count == 1 || isNamedAsUsual else {
            throw ShardError(.severalIndices(indices), naming, path: directory)
        }
        let index = try ShardIndex(
            contentsOf: "\(directory)/\(isNamedAsUsual ? naming.indexName : first)", naming: naming)
        try self.init(files: Self.files(of: index, in: directory))
        try check(index)
    }

    /// Opens a single file with all weights.
    ///
    /// - Throws: the errors of the file.
    public convenience init(file path: String) throws {
        try self.init(files: [File(path: path)])
    }

    private init(files: [File], areFoundByName: Bool = false) throws {
        var entries: [Entry] = []
        var index: [ByteString: Int] = [:]
        for (number, file) in files.enumerated() {
            for tensor in file.tensors {
                if let other = index.updateValue(entries.count, forKey: ByteString(tensor.name)) {
                    let otherPath = files[entries[other].fileIndex].path
                    throw ShardError(
                        .inTwoShards(otherPath, file.path), File.naming, path: file.path, tensor: tensor.name)
                }
                entries.append(Entry(tensor: tensor, fileIndex: number))
            }
        }
        tensors = entries
        self.files = files
        self.areFoundByName = areFoundByName
        self.index = index
    }

    /// The shards that number themselves, where there is no index: all of one set.
    private static func numberedFiles(among names: [String], in directory: String) throws -> [File] {
        let sets = NumberedFiles.sets(among: names, suffix: File.naming.suffix)
        guard let set = sets.first else { throw ShardError(.noWeights, File.naming, path: directory) }
        guard sets.count == 1 else {
            throw ShardError(.severalSets(sets.map { $0.names[0] }), File.naming, path: directory)
        }
        guard set.missing.isEmpty else {
            throw ShardError(
                .numberedShardsMissing(set.missing, count: set.names.count), File.naming, path: directory)
        }
        return try set.names.map { try File(path: "\(directory)/\($0)") }
    }

    private static func files(of index: ShardIndex, in directory: String) throws -> [File] {
        var files: [File] = []
        var missing: [ShardError.MissingShard] = []
        for shard in index.shards {
            do {
                files.append(try File(path: "\(directory)/\(shard.name)"))
            } catch let error as FileError where error.isNotFound {
                missing.append(.init(name: shard.name, tensorNames: shard.tensorNames))
            }
        }
        guard missing.isEmpty else { throw ShardError(.shardsMissing(missing), File.naming, path: index.path) }
        return files
    }

    /// Checks that every tensor is where the index says.
    private func check(_ index: ShardIndex) throws {
        for (number, shard) in index.shards.enumerated() {
            for name in shard.tensorNames where entry(named: name)?.fileIndex != number {
                throw ShardError(.notInShard(shard.name), File.naming, path: index.path, tensor: name)
            }
        }
    }

    /// The tensor of a name; nil if there is none.
    public func entry(named name: String) -> Entry? { index[ByteString(name)].map { tensors[$0] } }

    /// The path of the file that holds a tensor of this set.
    public func path(of entry: Entry) -> String { files[entry.fileIndex].path }

    /// Reads some elements of a tensor.
    ///
    /// - Parameters:
    ///   - entry: one of this set's ``tensors``.
    ///   - byteRange: the bytes of whole elements, counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    public func read(_ entry: Entry, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try files[entry.fileIndex].read(entry.tensor, byteRange: byteRange, into: buffer)
    }

    /// Tells the system what will be done with some bytes of a tensor.
    public func advise(_ use: ExpectedUse, _ entry: Entry, byteRange: Range<Int>) {
        files[entry.fileIndex].advise(use, entry.tensor, byteRange: byteRange)
    }
}
