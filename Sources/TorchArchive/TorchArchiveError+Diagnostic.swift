import Files

extension TorchArchiveError {
    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let place: String? =
            switch place {
            case .file: nil
            case .entry(let name): "archive entry \"\(name)\""
            case .pickleByte(let offset): "byte \(offset) of the pickle"
            case .tensor(let name): "tensor \"\(name)\""
            }
        return Diagnostic(.input, file: path, place: place, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .legacyFormat: "written in the format of PyTorch before 1.6, which is not a zip archive"
        case .notAnArchive: "not a zip archive, as torch.save writes it"
        case .endMissing: "the archive ends too early: its directory, at the end, is missing"
        case .damagedDirectory(let reason): "the archive's directory is damaged: \(reason)"
        case .directoryTooLarge(let count, let limit):
            "an archive directory of \(count) bytes; at most \(limit) are allowed"
        case .encrypted: "the entry is encrypted"
        case .compressed(let method): "the entry is compressed (method \(method)); torch.save only stores"
        case .duplicateEntry: "two entries have this name"
        case .entryOutsideFile: "the entry lies outside the archive's data"
        case .overlap(let other): "the entry overlaps \"\(other)\""
        case .noPickle: "the archive has no data.pkl in a folder at its top"
        case .severalPickles(let names): "the archive has several pickles: \(names.joined(separator: ", "))"
        case .byteOrder(let order): "the numbers are stored in byte order \"\(order)\"; \"little\" expected"
        case .nestedArchive: "a zip archive stands in place of the pickle"
        case .pickleTooLarge(let count, let limit): "a pickle of \(count) bytes; at most \(limit) are allowed"
        case .pickleTruncated: "the pickle ends too early"
        case .bytesAfterPickle(let count): "\(count) bytes follow the end of the pickle"
        case .limitExceeded(let what, let limit): "the pickle makes more than \(limit) \(what)"
        case .refusedGlobal(let name): "the pickle asks for \(name), which is no part of a table of tensors"
        case .refusedOpcode(let name): "the pickle uses \(name), which a table of tensors does not need"
        case .invalidPickle(let reason): "not a pickle of tensors: \(reason)"
        case .notAStateDictionary: "the pickle is not a table from names to tensors"
        case .notATensor: "the value is not a tensor"
        case .duplicateTensor: "two tensors have this name"
        case .missingStorage(let name): "its storage \"\(name)\" is not in the archive"
        case .wrongStorageByteCount(let found, let expected):
            "its storage is \(expected) bytes long, its entry in the archive \(found)"
        case .tensorOutsideStorage(let count, let storage):
            "it reaches to element \(count) of a storage of \(storage)"
        case .shapeTooLarge(let shape): "the byte count of shape \(shape) overflows"
        case .overlappingElements(let shape, let strides):
            "with shape \(shape) and strides \(strides), elements share memory"
        case .noWeights: "no PyTorch weights: neither pytorch_model.bin nor an index of shards"
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
        case .legacyFormat: "load it with PyTorch and save it again"
        case .refusedGlobal, .refusedOpcode:
            "nothing was executed; do not load this file with other programs unless you trust its source"
        case .compressed, .encrypted, .byteOrder, .overlappingElements:
            "load it with PyTorch and save contiguous tensors with torch.save or safetensors"
        case .notAStateDictionary, .notATensor: "save the model's state_dict() alone"
        case .endMissing, .entryOutsideFile, .pickleTruncated, .notInShard: "download or copy the file again"
        case .shardsMissing, .numberedShardsMissing: "download the missing files into the same folder"
        case .noWeights, .unreadableDirectory: "give the folder of a checkpoint with PyTorch weights"
        case .severalSets: "leave the shards of one model in the folder"
        case .severalIndices: "name the one to use pytorch_model.bin.index.json"
        case .notAnArchive, .damagedDirectory, .directoryTooLarge, .duplicateEntry, .overlap, .noPickle,
            .severalPickles, .nestedArchive, .pickleTooLarge, .bytesAfterPickle, .limitExceeded, .invalidPickle,
            .duplicateTensor, .missingStorage, .wrongStorageByteCount, .tensorOutsideStorage, .shapeTooLarge,
            .invalidIndex, .shardNameLeavesDirectory, .inTwoShards:
            "the file is damaged or was made by a faulty program; get it again from its source"
        }
    }

    private static func describe(_ shard: MissingShard) -> String {
        let shown = shard.tensorNames.prefix(3).joined(separator: ", ") + (shard.tensorNames.count > 3 ? ", …" : "")
        return "\(shard.name) is missing; it holds \(shard.tensorNames.count) tensors (\(shown))"
    }
}
