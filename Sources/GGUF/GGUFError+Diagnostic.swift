import Files

extension GGUFError {
    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let place: String? =
            switch place {
            case .file: nil
            case .byte(let offset): "byte \(offset)"
            case .key(let key): "key \"\(key)\""
            case .tensor(let name): "tensor \"\(name)\""
            }
        return Diagnostic(fault, file: path, place: place, problem, advice: advice)
    }

    private var fault: Diagnostic.Fault {
        switch kind {
        case .tensorByteCount, .tensorsMissing, .noTensorLeft: .work
        default: .input
        }
    }

    private var problem: String {
        switch kind {
        case .notGGUF(let found):
            return "not a GGUF file: it begins with \(Self.hexadecimal(found)), expected 47 47 55 46 (\"GGUF\")"
        case .bigEndian: return "a big-endian GGUF file; only little-endian files are supported"
        case .unsupportedVersion(let version): return "GGUF version \(version) is not supported, expected 2 or 3"
        case .truncated(let wanted, let remaining):
            return "the file ends too early: \(wanted) more bytes expected, \(remaining) left"
        case .headerTooLarge(let limit): return "metadata and tensor list take more than \(limit) bytes"
        case .countTooLarge(let count, let things, let remaining):
            return "\(count) \(things) announced, which \(remaining) remaining bytes cannot hold"
        case .tooMany(let count, let things, let limit): return "\(count) \(things), at most \(limit) are allowed"
        case .emptyKey: return "an empty metadata key"
        case .keyTooLong(let count): return "the key is \(count) bytes long, at most 65535 are allowed"
        case .duplicateKey: return "the key appears twice"
        case .unknownValueType(let number): return "value type \(number) does not exist, expected 0 to 12"
        case .nestedArray: return "an array of arrays; elements of a plain type expected"
        case .invalidUTF8: return "the text is not valid UTF-8"
        case .invalidBool(let byte): return "\(byte) is not a truth value, expected 0 or 1"
        case .wrongValueType(let found, let expected): return "the value is of type \(found), expected \(expected)"
        case .wrongArrayCount(let found, let expected): return "\(found) elements, expected \(expected)"
        case .alignment(let alignment):
            return "alignment \(alignment), expected a power of two up to \(GGUFLayout.largestAlignment)"
        case .invalidTensorName: return "a tensor name that is empty or holds a zero byte"
        case .tensorNameTooLong(let count):
            return "the name is \(count) bytes long, at most \(GGUFLayout.longestTensorName) are allowed"
        case .duplicateTensor: return "the tensor appears twice"
        case .tooManyDimensions(let rank): return "\(rank) dimensions, at most 4 are allowed"
        case .invalidShape(let dimensions):
            return "impossible shape \(dimensions.map(String.init).joined(separator: " × "))"
        case .removedTensorType(let number):
            return "element type \(number) (\(GGUFTensorTypeTables.removed[number] ?? "?")) was removed from the format"
        case .internalTensorType(let number):
            let name = GGUFTensorTypeTables.internal[number] ?? "?"
            return "element type \(number) (\(name)) is for intermediate results and never stored"
        case .foreignTensorType(let number):
            let owner = GGUFTensorTypeTables.isIkLlama(number) ? "belongs to ik_llama.cpp" : "belongs to a fork"
            return "element type \(number) is not one of ggml's (0 to 42); it \(owner) or the file is damaged"
        case .partialBlock(let length, let type):
            return "rows of \(length) elements are not whole \(type.name) blocks of \(type.blockLength)"
        case .tensorTooLarge: return "the tensor's byte count overflows"
        case .wrongOffset(let found, let expected):
            return "the tensor begins at byte \(found) of the data, expected \(expected)"
        case .tensorOutsideFile(let end, let count):
            return "the tensor ends at byte \(end), the file has \(count)"
        case .splitKeyMissing: return "the key of a split file is missing"
        case .splitName(let number, let count):
            return "part \(number) of \(count) of a split model, but its name does not say so"
        case .splitPartsMissing(let paths):
            let shown = paths.prefix(3).joined(separator: ", ")
            return "\(paths.count) part\(paths.count == 1 ? "" : "s") of the split model missing: \(shown)"
                + (paths.count > 3 ? ", …" : "")
        case .splitNumber(let found, let expected): return "split part number \(found), expected \(expected)"
        case .splitCount(let found, let expected): return "a split into \(found) parts, expected \(expected)"
        case .tooManyParts(let count): return "\(count) parts are more than the format can count"
        case .splitTensorCount(let found, let expected): return "\(found) tensors in all parts, expected \(expected)"
        case .tensorByteCount(let found, let expected): return "\(found) bytes written, expected \(expected)"
        case .tensorsMissing(let written, let expected): return "\(written) tensors written, expected \(expected)"
        case .noTensorLeft: return "bytes after the last tensor"
        }
    }

    private var advice: Message? {
        switch kind {
        case .bigEndian: "convert the model again for a little-endian machine"
        case .unsupportedVersion(1): "convert the model again; version 1 was replaced in 2023"
        case .unsupportedVersion: "a newer version of this program may read it"
        case .truncated, .tensorOutsideFile: "download or copy the file again"
        case .splitPartsMissing: "put all parts into one folder, under their original names"
        case .splitName(let number, let count): "name it …\(GGUFSplitName.suffix(number: number, count: count))"
        case .splitNumber, .splitCount, .splitTensorCount: "use the parts of one split, under their original names"
        case .removedTensorType(let number):
            "quantize the model again, to \(GGUFTensorTypeTables.successor(ofRemoved: number))"
        case .foreignTensorType: "quantize the model again with a type of ggml's"
        case .notGGUF where path.hasSuffix(".safetensors") || path.hasSuffix(".bin"):
            "of a checkpoint give the folder that this file is in"
        case .notGGUF: "give a GGUF file; if it should be one, get it again from its source"
        case .headerTooLarge, .countTooLarge, .tooMany, .emptyKey, .keyTooLong, .duplicateKey, .unknownValueType,
            .nestedArray, .invalidUTF8, .invalidBool, .wrongValueType, .wrongArrayCount, .alignment,
            .invalidTensorName, .tensorNameTooLong, .duplicateTensor, .tooManyDimensions, .invalidShape,
            .internalTensorType, .partialBlock, .tensorTooLarge, .wrongOffset, .splitKeyMissing:
            "the file is damaged or was made by a faulty program; get it again from its source"
        case .tooManyParts: "allow larger parts"
        case .tensorByteCount, .tensorsMissing, .noTensorLeft: nil
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        guard !bytes.isEmpty else { return "nothing" }
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
    }
}
