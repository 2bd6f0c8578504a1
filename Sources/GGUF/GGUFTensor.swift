import Tensors

/// One tensor of an open ``GGUFFile``: its description, and its encoded rows.
///
/// A value may be used from any thread, and keeps its file open.
public struct GGUFTensor: Sendable {
    /// The tensor's name, shape (fastest dimension first) and element type.
    public let descriptor: TensorDescriptor
    private let file: GGUFFile
    private let index: Int

    init(_ file: GGUFFile, at index: Int) {
        descriptor = file.tensors[index]
        self.file = file
        self.index = index
    }

    /// The number of rows over all slower dimensions: a stack of `e` matrices with `n` rows each has `e · n`.
    public var rowCount: Int { descriptor.shape.rowCount }

    /// Reads encoded rows.
    ///
    /// - Parameter rows: Row numbers over all slower dimensions, within `0..<rowCount`.
    /// - Returns: The bytes of the rows, `descriptor.rowByteCount` for each, as the file has them.
    /// - Throws: `FileError` if the file cannot be read.
    public func rows(_ rows: Range<Int>) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: rows.count * descriptor.rowByteCount) { buffer, count in
            try file.readRows(ofTensorAt: index, rows: rows, into: UnsafeMutableRawBufferPointer(buffer))
            count = buffer.count
        }
    }
}

extension GGUFFile {
    /// The tensor of a name, to be read row by row.
    ///
    /// - Returns: nil if the model has no tensor of that name.
    public func tensor(named name: String) -> GGUFTensor? {
        index(ofTensor: name).map { GGUFTensor(self, at: $0) }
    }
}
