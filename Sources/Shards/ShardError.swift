import Files

/// An error of a checkpoint's files, or of their index, that do not make up its weights.
public struct ShardError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The directory has no file with weights.
        case noWeights
        /// The directory cannot be read.
        case unreadableDirectory
        /// The directory has several indices, none of them with the usual name.
        case severalIndices([String])
        /// There is no index, and the files are those of several sets, whose names begin with these texts.
        case severalSets([String])
        /// There is no index, and of `count` numbered files these are missing.
        case numberedShardsMissing([String], count: Int)
        /// The index has no map from tensors to files.
        case invalidIndex
        /// The name of a shard in the index is not that of a file in the directory.
        case shardNameLeavesDirectory(String)
        /// Shards that the index lists are missing.
        case shardsMissing([MissingShard])
        /// The tensor is not in the shard that the index names.
        case notInShard(String)
        /// The tensor is in two shards.
        case inTwoShards(String, String)
    }

    /// A shard that the index names and the directory lacks, with the tensors that it should hold.
    public struct MissingShard: Sendable, Equatable {
        /// The name of the missing file.
        public let name: String
        /// The names of the tensors that the shard should hold, in the order of the index.
        public let tensorNames: [String]
    }

    /// What is wrong.
    public let kind: Kind
    /// The path of the shard, the index, or the directory.
    public let path: String
    /// The tensor concerned.
    public let tensor: String?
    private let naming: ShardNaming

    init(_ kind: Kind, _ naming: ShardNaming, path: String, tensor: String? = nil) {
        self.kind = kind
        self.naming = naming
        self.path = path
        self.tensor = tensor
    }

    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(.input, file: path, place: tensor.map { "tensor \"\($0)\"" }, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .noWeights: "no \(naming.format) weights: neither \(naming.fileName) nor an index of shards"
        case .unreadableDirectory: "is not a folder that can be read"
        case .severalIndices(let names): "several indices: \(names.joined(separator: ", "))"
        case .severalSets(let names):
            "there is no index, and shards of several sets: those of \(names.joined(separator: ", "))"
        case .numberedShardsMissing(let names, let count):
            "there is no index, and of \(count) shards these are missing: \(names.joined(separator: ", "))"
        case .invalidIndex: "not an index of shards: weight_map must give a file name for every tensor"
        case .shardNameLeavesDirectory(let name): "the shard name \"\(name)\" is not a plain file name"
        case .shardsMissing(let shards): shards.map(Self.describe).joined(separator: "; ")
        case .notInShard(let shard): "the index places it in \(shard), which does not have it"
        case .inTwoShards(let a, let b): "it is both in \(a) and in \(b)"
        }
    }

    private var advice: Message {
        switch kind {
        case .notInShard: "download or copy the file again"
        case .shardsMissing, .numberedShardsMissing: "download the missing files into the same folder"
        case .noWeights, .unreadableDirectory: "give the folder of a checkpoint with \(naming.format) weights"
        case .severalSets: "leave the shards of one model in the folder"
        case .severalIndices: "name the one to use \(naming.indexName)"
        case .invalidIndex, .shardNameLeavesDirectory, .inTwoShards:
            "the file is damaged or was made by a faulty program; get it again from its source"
        }
    }

    private static func describe(_ shard: MissingShard) -> String {
        let shown = shard.tensorNames.prefix(3).joined(separator: ", ") + (shard.tensorNames.count > 3 ? ", …" : "")
        return "\(shard.name) is missing; it holds \(shard.tensorNames.count) tensors (\(shown))"
    }
}
