import Tensors

/// One tensor of a source with its bytes in memory.
final class LoadedTensor: TensorSource, @unchecked Sendable {
    let tensors: [TensorDescriptor]
    private let source: any TensorSource
    private let index: Int
    private let bytes: UnsafeMutableRawBufferPointer

    init(_ source: any TensorSource, _ index: Int) throws {
        let tensor = source.tensors[index]
        tensors = [tensor]
        self.source = source
        self.index = index
        bytes = .allocate(byteCount: tensor.byteCount, alignment: 64)
        try source.readRows(ofTensorAt: index, rows: 0..<tensor.shape.rowCount, into: bytes)
    }

    deinit { bytes.deallocate() }

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        let rowByteCount = tensors[0].rowByteCount
        buffer.copyMemory(
            from: UnsafeRawBufferPointer(
                rebasing: bytes[rows.lowerBound * rowByteCount..<rows.upperBound * rowByteCount]))
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { source.origin(ofTensorAt: self.index, row: row) }
}
