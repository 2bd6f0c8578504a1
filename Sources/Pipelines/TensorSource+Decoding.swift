import BlockFormats
import Tensors

extension TensorSource {
    /// Rows of a tensor whose type has a codec, decoded.
    func decodedRows(_ index: Int, _ rows: Range<Int>) throws -> [Float] {
        let tensor = tensors[index]
        guard !rows.isEmpty else { return [] }
        return try withUnsafeTemporaryAllocation(byteCount: rows.count * tensor.rowByteCount, alignment: 64) { bytes in
            try readRows(ofTensorAt: index, rows: rows, into: bytes)
            let count = rows.count * tensor.shape.rowLength
            return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                BlockFormats.codec(for: tensor.type)!
                    .decode(bytes.baseAddress!, count: count, into: buffer.baseAddress!)
                initialized = count
            }
        }
    }
}
