import Files
import GGUF
import Manifests
import Tensors

/// The GGUF form, as llama-imatrix writes it: for every weight its sums, of shape row length × experts, and its counts,
/// of shape 1 × experts.
extension ImportanceMatrix {
    private enum Key {
        static let type: ByteString = "general.type"
        static let datasets: ByteString = "imatrix.datasets"
        static let chunkCount: ByteString = "imatrix.chunk_count"
        static let chunkSize: ByteString = "imatrix.chunk_size"
    }

    private static let typeName = "imatrix"
    private static let sumsSuffix = ".in_sum2"
    private static let countsSuffix = ".counts"

    init(gguf path: String) throws {
        let file = try GGUFFile(path: path)
        guard file.metadata.string(Key.type) == Self.typeName else {
            throw ImportanceError(.notImportance(type: file.metadata.string(Key.type)), path: path)
        }
        func integer(_ key: ByteString) throws -> Int {
            guard let value = file.metadata.integer(key), (0...Int(UInt32.max)).contains(value) else {
                throw ImportanceError(.invalidKey(key), path: path)
            }
            return value
        }
        guard let datasets = file.metadata.strings(Key.datasets) else {
            throw ImportanceError(.invalidKey(Key.datasets), path: path)
        }
        self.init(
            entries: try Self.entries(of: file), datasets: datasets.map(\.description),
            chunkCount: try integer(Key.chunkCount), chunkSize: try integer(Key.chunkSize),
            model: ModelSignature(file.metadata), manifest: file.metadata.manifest)
    }

    private static func entries(of file: GGUFFile) throws -> [String: Entry] {
        var entries: [String: Entry] = [:]
        for (index, tensor) in file.tensors.enumerated() {
            let (name, counterpart): (String, String)
            if let weight = tensor.name.dropping(suffix: sumsSuffix) {
                (name, counterpart) = (weight, weight + countsSuffix)
            } else if let weight = tensor.name.dropping(suffix: countsSuffix) {
                (name, counterpart) = (weight, weight + sumsSuffix)
            } else {
                continue
            }
            guard let other = file.index(ofTensor: counterpart) else {
                throw ImportanceError(.unpaired(missing: counterpart), path: file.path, tensor: tensor.name)
            }
            if tensor.name.hasSuffix(sumsSuffix) {
                entries[name] = try entry(name, sums: index, counts: other, in: file)
            }
        }
        guard !entries.isEmpty else { throw ImportanceError(.noEntries, path: file.path) }
        return entries
    }

    private static func entry(_ name: String, sums: Int, counts: Int, in file: GGUFFile) throws -> Entry {
        let (sumsTensor, countsTensor) = (file.tensors[sums], file.tensors[counts])
        for tensor in [sumsTensor, countsTensor] where tensor.type != .f32 {
            throw ImportanceError(.wrongType(tensor.type), path: file.path, tensor: tensor.name)
        }
        guard sumsTensor.shape.rowCount == countsTensor.shape.elementCount else {
            throw ImportanceError(
                .mismatchedCounts(found: countsTensor.shape.elementCount, expected: sumsTensor.shape.rowCount),
                path: file.path, tensor: countsTensor.name)
        }
        guard
            let entry = Entry(
                rowLength: sumsTensor.shape.rowLength, sums: try file.floats(ofTensorAt: sums),
                counts: try file.floats(ofTensorAt: counts))
        else { throw ImportanceError(.invalidNumber, path: file.path, tensor: name) }
        return entry
    }

    func writeGGUF(to path: String) throws {
        guard !entries.isEmpty else { throw ImportanceError(.noEntries, path: path) }
        var metadata = GGUFMetadata()
        metadata[Key.type] = .string(ByteString(Self.typeName))
        metadata[Key.datasets] = .array(.string(datasets.map { ByteString($0) }))
        metadata[Key.chunkCount] = .uint32(UInt32(clamping: chunkCount))
        metadata[Key.chunkSize] = .uint32(UInt32(clamping: chunkSize))
        model?.describe(in: &metadata)
        if let manifest { metadata.describe(manifest) }
        let sorted = sortedEntries
        let tensors = sorted.flatMap { name, entry in
            [
                Self.tensor("\(name)\(Self.sumsSuffix)", entry.rowLength, entry.expertCount),
                Self.tensor("\(name)\(Self.countsSuffix)", 1, entry.expertCount),
            ]
        }
        var writer = try GGUFWriter(path: path, metadata: metadata, tensors: tensors)
        for (_, entry) in sorted {
            for numbers in [entry.sums, entry.counts] {
                try numbers.map(\.bitPattern.littleEndian).withUnsafeBytes { try writer.append($0) }
                try writer.endTensor()
            }
        }
        try writer.finish()
    }

    /// ggml leaves out dimensions of 1 at the end.
    private static func tensor(_ name: String, _ rowLength: Int, _ expertCount: Int) -> TensorDescriptor {
        let shape = TensorShape(expertCount > 1 ? [rowLength, expertCount] : [rowLength])
        return TensorDescriptor(name: name, shape: shape!, type: .f32)!
    }
}

extension String {
    fileprivate func dropping(suffix: String) -> String? {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : nil
    }
}

extension GGUFFile {
    /// All elements of an F32 tensor.
    fileprivate func floats(ofTensorAt index: Int) throws -> [Float] {
        let shape = tensors[index].shape
        return try [UInt32](unsafeUninitializedCapacity: shape.elementCount) { buffer, count in
            let numbers = UnsafeMutableBufferPointer(rebasing: buffer[..<shape.elementCount])
            try readRows(ofTensorAt: index, rows: 0..<shape.rowCount, into: UnsafeMutableRawBufferPointer(numbers))
            count = shape.elementCount
        }.map { Float(bitPattern: UInt32(littleEndian: $0)) }
    }
}
