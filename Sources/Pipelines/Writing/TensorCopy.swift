import Tensors

/// Carries tensors of any type from a source to a sink, byte for byte.
struct TensorCopy {
    let source: any TensorSource
    /// Receives the finished share.
    let progress: (Double) -> Void

    /// Bytes copied at a time, about.
    private static let pieceByteCount = 1 << 23

    func run(into sink: inout some TensorSink & ~Copyable) throws {
        let total = max(1, source.tensors.reduce(0) { $0 + $1.byteCount })
        var done = 0
        for (index, tensor) in source.tensors.enumerated() {
            let rowsPerPiece = max(1, Self.pieceByteCount / tensor.rowByteCount)
            let buffer = UnsafeMutableRawBufferPointer.allocate(
                byteCount: min(tensor.shape.rowCount, rowsPerPiece) * tensor.rowByteCount, alignment: 64)
            defer { buffer.deallocate() }
            for row in stride(from: 0, to: tensor.shape.rowCount, by: rowsPerPiece) {
                let rows = row..<min(tensor.shape.rowCount, row + rowsPerPiece)
                let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(rows.count * tensor.rowByteCount)])
                try source.readRows(ofTensorAt: index, rows: rows, into: piece)
                try sink.append(UnsafeRawBufferPointer(piece))
                done += piece.count
                progress(Double(done) / Double(total))
            }
            try sink.endTensor()
        }
    }
}
