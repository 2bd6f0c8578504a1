import Tensors

/// What a tensor of a model becomes, as the source of its bytes.
///
/// Threads may read what no other writes at the time.
package final class EncodedTensor: TensorSource, @unchecked Sendable {
    package let tensor: TensorDescriptor
    /// Its place among the model's tensors.
    package let index: Int
    package var bytes: [UInt8]
    private let original: any TensorSource

    package init(_ tensor: TensorDescriptor, of original: any TensorSource, _ index: Int) {
        self.tensor = tensor
        self.index = index
        self.original = original
        bytes = [UInt8](repeating: 0, count: tensor.byteCount)
    }

    package var tensors: [TensorDescriptor] { [tensor] }

    package func readRows(ofTensorAt _: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        let size = tensor.rowByteCount
        bytes.withUnsafeBytes {
            buffer.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: $0[rows.lowerBound * size..<rows.upperBound * size]))
        }
    }

    package func origin(ofTensorAt _: Int, row: Int) -> RowOrigin { original.origin(ofTensorAt: index, row: row) }
}
