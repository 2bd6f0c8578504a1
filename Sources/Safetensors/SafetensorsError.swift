import ByteJSON
import Files

/// A safetensors file or an index of several that is damaged, incomplete, or not fit for its use.
public struct SafetensorsError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        // One file.
        case truncated(expectedByteCount: Int, foundByteCount: Int)
        case headerTooLarge(byteCount: UInt64, limit: Int)
        case headerOutsideFile(byteCount: Int, fileByteCount: Int)
        case headerNotJSON
        case duplicateKey(ByteString)
        case invalidMetadata
        case invalidEntry(String)
        case unknownType(String)
        case shapeTooLarge([Int])
        case partialByte
        case wrongByteCount(found: Int, expected: Int)
        case offsetsOutsideFile(end: Int, fileByteCount: Int)
        case overlap(with: String)
        case hole(byteCount: Int)
        case trailingBytes(Int)
        // Several files.
        case noWeights
        case unreadableDirectory
        case severalIndices([String])
        /// Without an index the files are those of several sets, which begin with these.
        case severalSets([String])
        /// Without an index, some of the numbered files are not there.
        case numberedShardsMissing([String], count: Int)
        case invalidIndex
        case shardNameLeavesDirectory(String)
        case shardsMissing([MissingShard])
        case notInShard(String)
        case inTwoShards(String, String)
    }

    /// A shard that the index names and the directory lacks, and what it should hold.
    public struct MissingShard: Sendable, Equatable {
        /// The file's name.
        public let name: String
        /// In the order of the index.
        public let tensorNames: [String]
    }

    /// Where in the file.
    public enum Place: Sendable, Equatable {
        case file
        case byte(Int)
        case key(ByteString)
        case tensor(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file, the index, or the directory.
    public let path: String
    /// Where in the file.
    public let place: Place
    /// Why the header is not JSON.
    public let underlying: JSONError?

    init(_ kind: Kind, path: String, place: Place = .file, underlying: JSONError? = nil) {
        self.kind = kind
        self.path = path
        self.place = place
        self.underlying = underlying
    }

    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let place: String? =
            switch place {
            case .file: nil
            case .byte(let offset): "byte \(offset)"
            case .key(let key): "key \"\(key)\""
            case .tensor(let name): "tensor \"\(name)\""
            }
        return Diagnostic(.input, file: path, place: place, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .truncated(let expected, let found):
            "the file ends too early: \(expected) bytes expected, \(found) found"
        case .headerTooLarge(let count, let limit): "a header of \(count) bytes; at most \(limit) are allowed"
        case .headerOutsideFile(let count, let file): "a header of \(count) bytes in a file of \(file)"
        case .headerNotJSON:
            "the header is not a JSON object" + (underlying.map { " (\($0.diagnostic.problem))" } ?? "")
        case .duplicateKey(let key): "\"\(key)\" appears twice in the header"
        case .invalidMetadata: "__metadata__ must hold texts only"
        case .invalidEntry(let member): "\(member) is missing or not of the expected form"
        case .unknownType(let name): "unknown element type \"\(name)\""
        case .shapeTooLarge(let shape): "the byte count of shape \(shape) overflows"
        case .partialByte: "the elements do not fill whole bytes"
        case .wrongByteCount(let found, let expected): "\(found) bytes of data, its shape and type need \(expected)"
        case .offsetsOutsideFile(let end, let count): "the data ends at byte \(end) of a file of \(count)"
        case .overlap(let other): "the data overlaps that of \"\(other)\""
        case .hole(let count): "\(count) bytes before the data belong to no tensor"
        case .trailingBytes(let count): "\(count) bytes after the last tensor"
        case .noWeights: "no safetensors weights: neither model.safetensors nor an index of shards"
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

    private var advice: String? {
        switch kind {
        case .truncated, .headerOutsideFile, .offsetsOutsideFile, .trailingBytes, .notInShard:
            "download or copy the file again"
        case .shardsMissing, .numberedShardsMissing: "download the missing files into the same folder"
        case .noWeights, .unreadableDirectory: "give the folder of a checkpoint with safetensors weights"
        case .severalSets: "leave the shards of one model in the folder"
        case .severalIndices: "name the one to use model.safetensors.index.json"
        case .headerTooLarge, .headerNotJSON, .duplicateKey, .invalidMetadata, .invalidEntry, .unknownType,
            .shapeTooLarge, .partialByte, .wrongByteCount, .overlap, .hole, .invalidIndex, .shardNameLeavesDirectory,
            .inTwoShards:
            "the file is damaged or was made by a faulty program; get it again from its source"
        }
    }

    private static func describe(_ shard: MissingShard) -> String {
        let shown = shard.tensorNames.prefix(3).joined(separator: ", ") + (shard.tensorNames.count > 3 ? ", …" : "")
        return "\(shard.name) is missing; it holds \(shard.tensorNames.count) tensors (\(shown))"
    }
}
