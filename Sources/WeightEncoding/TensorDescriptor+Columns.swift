import Tensors

extension TensorDescriptor {
    /// Puts some columns, whole blocks, of stored rows in their place.
    ///
    /// - Parameters:
    ///   - target: the first of the rows.
    ///   - encode: writes the columns' bytes, row after row.
    package func write(
        _ columns: Range<Int>, ofRows rowCount: Int, at target: UnsafeMutableRawPointer,
        by encode: (UnsafeMutableRawPointer) throws -> Void
    ) throws {
        guard columns.count < shape.rowLength else { return try encode(target) }
        let part = bytes(ofColumns: columns)
        try withUnsafeTemporaryAllocation(byteCount: rowCount * part.count, alignment: 64) { rows in
            try encode(rows.baseAddress!)
            for row in 0..<rowCount {
                (target + (row * rowByteCount + part.lowerBound))
                    .copyMemory(from: rows.baseAddress! + row * part.count, byteCount: part.count)
            }
        }
    }
}
