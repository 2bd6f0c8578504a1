import Digests
import Files
import Parallelism
import Tensors
import Tokenizers

/// Digests that tell whether two runs have the same inputs, in hexadecimal.
public enum Fingerprint {
    /// Bytes of a piece, about, and pieces of each matrix or file that are looked at.
    private static let sampleByteCount = 1 << 13
    private static let sampleCount = 8
    /// Smaller matrices are read whole.
    private static let wholeByteCount = 1 << 20
    private static let fileSampleByteCount = 1 << 12
    private static let fileSampleCount = 4096

    /// The digest of a model: of its plan, its tensors' names, types and shapes, and samples of their bytes, since
    /// reading all of a large model would take as long as running it.
    ///
    /// Of every matrix, and so of every expert, 8 pieces of 8 KiB or one row are read, spread over it from its first to
    /// its last row; of those below 1 MiB everything. A matrix that was changed as a whole is always seen. 5000
    /// experts' matrices of 6 MB each come to 330 MB of 30 GB.
    public static func of(_ model: Model) throws -> String {
        let source = model.tensors
        let places = source.tensors.enumerated().flatMap { index, tensor in
            let rowCount = tensor.shape.matrixRowCount
            return (0..<tensor.shape.matrixCount).map { MatrixPlace(index, $0 * rowCount, rowCount) }
        }
        let digests = ResultTable(repeating: "", count: places.count)
        try Parallel(threadCount: nil).forEach(places.count) { place, _ in
            digests[place] = try digest(of: places[place], in: source)
        }
        var hash = headerHash(model)
        for digest in digests.values { hash.update(Array(digest.utf8)) }
        return hash.hexadecimal
    }

    /// The digest of what decides a model's sizes: its plan, and its tensors' names, types and shapes.
    static func ofHeader(_ model: Model) -> String { headerHash(model).hexadecimal }

    private static func headerHash(_ model: Model) -> SHA256 {
        var hash = SHA256()
        for entry in model.plan.metadata.entries {
            hash.update(Array("\(entry.key) \(entry.value)\n".utf8))
        }
        for tensor in model.tensors.tensors {
            hash.update(Array("\(tensor.name) \(tensor.type.name) \(tensor.shape.dimensions)\n".utf8))
        }
        return hash
    }

    /// A matrix of a tensor's stack.
    private struct MatrixPlace: Sendable {
        let tensor: Int
        let firstRow: Int
        let rowCount: Int

        init(_ tensor: Int, _ firstRow: Int, _ rowCount: Int) {
            (self.tensor, self.firstRow, self.rowCount) = (tensor, firstRow, rowCount)
        }
    }

    private static func digest(of matrix: MatrixPlace, in source: any TensorSource) throws -> String {
        let rowByteCount = source.tensors[matrix.tensor].rowByteCount
        let length = max(1, min(matrix.rowCount / sampleCount, sampleByteCount / rowByteCount))
        let isWhole = matrix.rowCount * rowByteCount <= wholeByteCount
        let pieces =
            isWhole || matrix.rowCount < sampleCount
            ? [0..<matrix.rowCount]
            : (0..<sampleCount).map { sample in
                let start = (matrix.rowCount - length) * sample / (sampleCount - 1)
                return start..<start + length
            }
        var hash = SHA256()
        for piece in pieces {
            var bytes = [UInt8](repeating: 0, count: piece.count * rowByteCount)
            let first = matrix.firstRow + piece.lowerBound
            try bytes.withUnsafeMutableBytes {
                try source.readRows(ofTensorAt: matrix.tensor, rows: first..<first + piece.count, into: $0)
            }
            hash.update(bytes)
        }
        return hash.hexadecimal
    }

    /// The digest of a tokenizer: of everything that decides the tokens of a text, its `TokenizerIdentity`.
    public static func of(_ tokenizer: Tokenizer) -> String {
        var hash = SHA256()
        for bytes in TokenizerIdentity(tokenizer).bytes { hash.update(bytes) }
        return hash.hexadecimal
    }

    /// The digest of a large file: its length and samples of its bytes.
    package static func of(file path: String) throws -> String {
        let file = try ReadableFile(path: path)
        var hash = SHA256()
        hash.update(Array("\(file.byteCount)\n".utf8))
        let length = min(file.byteCount, fileSampleByteCount)
        for sample in 0..<fileSampleCount {
            let start = (file.byteCount - length) / (fileSampleCount - 1) * sample
            hash.update(try file.bytes(start..<start + length))
        }
        return hash.hexadecimal
    }

    /// The digest of texts as a model reads them.
    package static func of(_ sequences: [[TokenID]]) -> String {
        var hash = SHA256()
        for tokens in sequences { hash.update(Array("\(tokens)\n".utf8)) }
        return hash.hexadecimal
    }
}
