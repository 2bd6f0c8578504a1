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
        }
    }

    private var advice: Message {
        switch kind {
        case .legacyFormat: "load it with PyTorch and save it again"
        case .refusedGlobal, .refusedOpcode:
            "nothing was executed; do not load this file with other programs unless you trust its source"
        case .compressed, .encrypted, .byteOrder, .overlappingElements:
            "load it with PyTorch and save contiguous tensors with torch.save or safetensors"
        case .notAStateDictionary, .notATensor: "save the model's state_dict() alone"
        case .endMissing, .entryOutsideFile, .pickleTruncated: "download or copy the file again"
        case .notAnArchive, .damagedDirectory, .directoryTooLarge, .duplicateEntry, .overlap, .noPickle,
            .severalPickles, .nestedArchive, .pickleTooLarge, .bytesAfterPickle, .limitExceeded, .invalidPickle,
            .duplicateTensor, .missingStorage, .wrongStorageByteCount, .tensorOutsideStorage, .shapeTooLarge:
            "the file is damaged or was made by a faulty program; get it again from its source"
        }
    }
}
