import ByteJSON
import Files

/// The file that says which shard holds which tensor.
struct SafetensorsIndex {
    let path: String
    /// Tensor names by shard, sorted by shard.
    let shards: [(name: String, tensorNames: [String])]

    init(contentsOf path: String) throws {
        guard let map = try JSON(contentsOf: path)["weight_map"]?.object, map.count > 0 else {
            throw SafetensorsError(.invalidIndex, path: path)
        }
        var names: [ByteString: [String]] = [:]
        for (tensor, shard) in map.members {
            guard let shard = shard.bytes else {
                throw SafetensorsError(.invalidIndex, path: path, place: .tensor(tensor.description))
            }
            guard Self.isPlain(shard) else {
                throw SafetensorsError(
                    .shardNameLeavesDirectory(shard.description), path: path, place: .tensor(tensor.description))
            }
            names[shard, default: []].append(tensor.description)
        }
        self.path = path
        shards = names.sorted { $0.key < $1.key }.map { ($0.key.description, $0.value) }
    }

    func openShards(in directory: String) throws -> [SafetensorsFile] {
        var files: [SafetensorsFile] = []
        var missing: [SafetensorsError.MissingShard] = []
        for shard in shards {
            do {
                files.append(try SafetensorsFile(path: "\(directory)/\(shard.name)"))
            } catch let error as FileError where error.isNotFound {
                missing.append(SafetensorsError.MissingShard(name: shard.name, tensorNames: shard.tensorNames))
            }
        }
        guard missing.isEmpty else { throw SafetensorsError(.shardsMissing(missing), path: path) }
        return files
    }

    /// Checks that every tensor is where the index says.
    func check(_ set: SafetensorsSet) throws {
        for (number, shard) in shards.enumerated() {
            for name in shard.tensorNames {
                guard set.entry(named: name)?.fileIndex == number else {
                    throw SafetensorsError(.notInShard(shard.name), path: path, place: .tensor(name))
                }
            }
        }
    }

    private static func isPlain(_ name: ByteString) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.bytes.contains(UInt8(ascii: "/"))
            && !name.bytes.contains(0)
    }
}
