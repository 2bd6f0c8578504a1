import Files
import Tensors

/// Some rows and columns of some matrices of a tensor, seen as a tensor of its own.
struct TensorPart: TensorSource {
    let tensors: [TensorDescriptor]
    private let source: any TensorSource
    private let index: Int
    private let matrices: Range<Int>
    private let rows: Range<Int>
    private let rowByteCount: Int

    /// - Parameters:
    ///   - index: of the tensor in `source`.
    ///   - matrices: of its stack.
    ///   - rows: of each of them.
    ///   - columns: the number of the first columns to take, whole blocks.
    init(_ source: any TensorSource, _ index: Int, matrices: Range<Int>, rows: Range<Int>, columns: Int) {
        let whole = source.tensors[index]
        let dimensions =
            whole.shape.rank == 1
            ? [columns] : whole.shape.rank == 2 ? [columns, rows.count] : [columns, rows.count, matrices.count]
        guard let shape = TensorShape(dimensions),
            let part = TensorDescriptor(name: whole.name, shape: shape, type: whole.type)
        else { preconditionFailure("a part of a tensor has elements, in whole blocks") }
        tensors = [part]
        rowByteCount = part.rowByteCount
        (self.source, self.index, self.matrices, self.rows) = (source, index, matrices, rows)
    }

    func readRows(ofTensorAt _: Int, rows asked: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        var row = asked.lowerBound
        while row < asked.upperBound {
            let count = min(rows.count - row % rows.count, asked.upperBound - row)
            let start = (row - asked.lowerBound) * rowByteCount
            let room = UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + count * rowByteCount])
            let first = sourceRow(row)
            try read(first..<first + count, into: room)
            row += count
        }
    }

    func origin(ofTensorAt _: Int, row: Int) -> RowOrigin { source.origin(ofTensorAt: index, row: sourceRow(row)) }

    private func sourceRow(_ row: Int) -> Int {
        let (matrix, inner) = row.quotientAndRemainder(dividingBy: rows.count)
        return (matrices.lowerBound + matrix) * source.tensors[index].shape.matrixRowCount + rows.lowerBound + inner
    }

    private func read(_ rows: Range<Int>, into room: UnsafeMutableRawBufferPointer) throws {
        let length = source.tensors[index].rowByteCount
        guard length > rowByteCount else { return try source.readRows(ofTensorAt: index, rows: rows, into: room) }
        try withUnsafeTemporaryAllocation(byteCount: rows.count * length, alignment: 64) { whole in
            try source.readRows(ofTensorAt: index, rows: rows, into: whole)
            for row in 0..<rows.count {
                UnsafeMutableRawBufferPointer(rebasing: room[row * rowByteCount..<(row + 1) * rowByteCount]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: whole[row * length..<row * length + rowByteCount]))
            }
        }
    }
}
