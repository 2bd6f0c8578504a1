import ByteJSON
import Files

/// The file that says which shard holds which tensor, as HuggingFace writes it: `{"weight_map": {TENSOR: FILE}}`.
struct ShardIndex {
    let path: String
    /// Tensor names by shard, sorted by shard.
    let shards: [(name: String, tensorNames: [String])]

    init(contentsOf path: String, naming: ShardNaming) throws {
        guard let map = try JSON(contentsOf: path, limit: .weightIndex)["weight_map"]?.object, map.count > 0 else {
            throw ShardError(.invalidIndex, naming, path: path)
        }
        var names: [ByteString: [String]] = [:]
        for (tensor, shard) in map.members {
            func refuse(_ kind: ShardError.Kind) -> ShardError {
                ShardError(kind, naming, path: path, tensor: tensor.description)
            }
            guard let shard = shard.bytes else { throw refuse(.invalidIndex) }
            guard Self.isPlain(shard) else { throw refuse(.shardNameLeavesDirectory(shard.description)) }
            names[shard, default: []].append(tensor.description)
        }
        self.path = path
        shards = names.sorted { $0.key < $1.key }.map { ($0.key.description, $0.value) }
    }

    private static func isPlain(_ name: ByteString) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.bytes.contains(UInt8(ascii: "/"))
            && !name.bytes.contains(0)
    }
}
