import Crypto
import Evaluation
import TensorCore
import Tokenization

/// Digests that tell whether two runs have the same inputs, in hexadecimal.
public enum Fingerprint {
    /// Bytes of each tensor that are looked at, in pieces spread over it.
    private static let sampleByteCount = 1 << 12
    private static let sampleCount = 16

    /// Of a model: its tensors' names, types and shapes, and samples of their bytes, since reading all of a large model
    /// would take as long as running it.
    public static func of(_ model: Model) throws -> String {
        var hash = SHA256()
        let source = model.tensors
        for (index, tensor) in source.tensors.enumerated() {
            hash.update(data: Array("\(tensor.name) \(tensor.type.name) \(tensor.shape.dimensions)\n".utf8))
            let rowCount = tensor.shape.rowCount
            let length = max(1, min(rowCount, sampleByteCount / tensor.rowByteCount))
            var previous = 0
            for sample in 0..<sampleCount {
                let start = max(previous, (rowCount - length) * sample / max(1, sampleCount - 1))
                guard start + length <= rowCount else { break }
                var bytes = [UInt8](repeating: 0, count: length * tensor.rowByteCount)
                try bytes.withUnsafeMutableBytes {
                    try source.readRows(ofTensorAt: index, rows: start..<start + length, into: $0)
                }
                hash.update(data: bytes)
                previous = start + length
            }
        }
        return WeightDigest.hexadecimal(hash.finalize())
    }

    /// Of a vocabulary: what its tokens are.
    public static func of(_ tokenizer: Tokenizer) -> String {
        var hash = SHA256()
        let vocabulary = tokenizer.vocabulary
        for (piece, kind) in zip(vocabulary.pieces, vocabulary.kinds) {
            hash.update(data: Array("\(kind) \(piece.bytes.count) ".utf8) + piece.bytes)
        }
        hash.update(data: Array("\(vocabulary.addsBOS) \(String(describing: vocabulary.specials.bos))".utf8))
        return WeightDigest.hexadecimal(hash.finalize())
    }

    /// Of a file of predictions: its length and samples of its bytes.
    static func of(predictions path: String) throws -> String {
        let file = try ReadableFile(path: path)
        var hash = SHA256()
        hash.update(data: Array("\(file.byteCount)\n".utf8))
        let length = min(file.byteCount, sampleByteCount)
        for sample in 0..<sampleCount {
            let start = (file.byteCount - length) / (sampleCount - 1) * sample
            hash.update(data: try file.bytes(start..<start + length))
        }
        return WeightDigest.hexadecimal(hash.finalize())
    }

    /// SHA-256 of a text's bytes.
    public static func of(_ text: EvaluationText) -> String {
        WeightDigest.hexadecimal(SHA256.hash(data: text.bytes))
    }
}
