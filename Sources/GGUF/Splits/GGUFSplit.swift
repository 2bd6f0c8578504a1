import Files

/// The parts of a model that is spread over several files.
enum GGUFSplit {
    static let numberKey: ByteString = "split.no"
    static let countKey: ByteString = "split.count"
    static let tensorCountKey: ByteString = "split.tensors.count"
    static let keys: Set<ByteString> = [
        numberKey, countKey, tensorCountKey, GGUFSplitParts.planKey, GGUFSplitParts.digestKey,
    ]

    /// What a file says about the split it belongs to.
    private struct Description {
        let number: Int
        let count: Int
        let tensorCount: Int
    }

    /// Opens the file at `path` and, if it is a part of a split, all others; in their order.
    static func open(_ path: String) throws -> [(file: ReadableFile, header: GGUFHeader)] {
        let file = try ReadableFile(path: path)
        let header = try GGUFHeader(file)
        guard let split = try description(header, path: path) else { return [(file, header)] }
        guard split.number < split.count else {
            throw GGUFError(
                .splitNumber(found: split.number, expected: split.count - 1), path: path, place: .key(numberKey))
        }
        guard let paths = GGUFSplitName.paths(ofPart: split.number + 1, count: split.count, at: path) else {
            throw GGUFError(.splitName(number: split.number + 1, count: split.count), path: path)
        }
        let parts = try openAll(paths, opened: split.number, as: (file, header), split: split)
        let tensorCount = parts.reduce(0) { $0 + $1.header.tensors.count }
        guard tensorCount == split.tensorCount else {
            throw GGUFError(
                .splitTensorCount(found: tensorCount, expected: split.tensorCount), path: path,
                place: .key(tensorCountKey))
        }
        return parts
    }

    private static func openAll(
        _ paths: [String], opened: Int, as first: (file: ReadableFile, header: GGUFHeader), split: Description
    ) throws -> [(file: ReadableFile, header: GGUFHeader)] {
        var missing: [String] = []
        var files: [ReadableFile] = []
        for (number, path) in paths.enumerated() {
            do {
                files.append(number == opened ? first.file : try ReadableFile(path: path))
            } catch let error as FileError where error.isNotFound {
                missing.append(path)
            }
        }
        guard missing.isEmpty else { throw GGUFError(.splitPartsMissing(missing), path: paths[opened]) }
        return try files.enumerated().map { number, file in
            if number == opened { return first }
            let path = file.path
            let header = try GGUFHeader(file)
            guard let other = try description(header, path: path) else {
                throw GGUFError(.splitKeyMissing, path: path, place: .key(countKey))
            }
            guard other.count == split.count else {
                throw GGUFError(
                    .splitCount(found: other.count, expected: split.count), path: path, place: .key(countKey))
            }
            guard other.number == number else {
                throw GGUFError(
                    .splitNumber(found: other.number, expected: number), path: path, place: .key(numberKey))
            }
            guard other.tensorCount == split.tensorCount else {
                throw GGUFError(
                    .splitTensorCount(found: other.tensorCount, expected: split.tensorCount), path: path,
                    place: .key(tensorCountKey))
            }
            return (file, header)
        }
    }

    /// Reads what a file says about the split that it belongs to.
    ///
    /// - Returns: nil if the file is a model of its own.
    private static func description(_ header: GGUFHeader, path: String) throws -> Description? {
        guard let count = header.metadata[countKey] else { return nil }
        guard case .uint16(let count) = count else {
            throw GGUFError(
                .wrongValueType(found: count.typeName, expected: "uint16"), path: path, place: .key(countKey))
        }
        guard count > 1 else { return nil }
        guard let number = header.metadata[numberKey] else {
            throw GGUFError(.splitKeyMissing, path: path, place: .key(numberKey))
        }
        guard case .uint16(let number) = number else {
            throw GGUFError(
                .wrongValueType(found: number.typeName, expected: "uint16"), path: path, place: .key(numberKey))
        }
        guard let tensorCount = header.metadata[tensorCountKey] else {
            throw GGUFError(.splitKeyMissing, path: path, place: .key(tensorCountKey))
        }
        guard case .int32(let tensorCount) = tensorCount else {
            throw GGUFError(
                .wrongValueType(found: tensorCount.typeName, expected: "int32"), path: path,
                place: .key(tensorCountKey))
        }
        return Description(number: Int(number), count: Int(count), tensorCount: Int(tensorCount))
    }
}
