/// A tensor's name, shape and element type.
public struct TensorDescriptor: Sendable, Hashable {
    /// The name of the tensor in its file.
    public let name: String
    /// The dimensions of the tensor, fastest first.
    public let shape: TensorShape
    /// The type that the elements are encoded in.
    public let type: TensorType
    /// The size of one encoded row in bytes.
    public let rowByteCount: Int
    /// The size of all rows in bytes.
    public let byteCount: Int

    /// Describes a tensor, and computes its sizes in bytes.
    ///
    /// - Returns: nil if a row is not a whole number of blocks, or the byte count overflows.
    public init?(name: String, shape: TensorShape, type: TensorType) {
        guard shape.rowLength.isMultiple(of: type.blockLength) else { return nil }
        let (rowBytes, rowOverflow) = (shape.rowLength / type.blockLength)
            .multipliedReportingOverflow(by: type.blockByteCount)
        let (bytes, overflow) = rowBytes.multipliedReportingOverflow(by: shape.rowCount)
        guard !rowOverflow, !overflow else { return nil }
        self.name = name
        self.shape = shape
        self.type = type
        self.rowByteCount = rowBytes
        self.byteCount = bytes
    }

    /// The range of bytes within an encoded row that holds a range of columns, both bounds of which must be multiples
    /// of the type's block length.
    public func bytes(ofColumns columns: Range<Int>) -> Range<Int> {
        let (length, size) = (type.blockLength, type.blockByteCount)
        return columns.lowerBound / length * size..<columns.upperBound / length * size
    }
}
