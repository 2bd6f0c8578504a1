import Files

/// Anything that lists tensors and reads rows of one: a GGUF file, or a checkpoint seen through its architecture.
public protocol TensorSource: Sendable {
    /// The tensors in the order of the file they make.
    var tensors: [TensorDescriptor] { get }

    /// Reads encoded rows of a tensor.
    ///
    /// - Parameters:
    ///   - index: the tensor's index in ``tensors``.
    ///   - rows: row numbers over all slower dimensions (expert `e` of a stack with `n` rows each starts at `e · n`).
    ///   - buffer: receives `rows.count · rowByteCount` bytes.
    /// - Throws: errors of the source, such as `FileError` for a file that cannot be read.
    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws

    /// Tells the system what will be done with rows of the tensor at `index` in ``tensors``; a source may ignore it.
    func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>)

    /// Says in which file, and as which tensor's row there, a row of a tensor is stored: for messages.
    ///
    /// - Parameters:
    ///   - index: the tensor's index in ``tensors``.
    ///   - row: the row's number over all slower dimensions, as ``readRows(ofTensorAt:rows:into:)`` counts it.
    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin
}

extension TensorSource {
    /// Ignores the advice, as a source may.
    public func advise(_ use: ExpectedUse, ofTensorAt index: Int, rows: Range<Int>) {}
}

/// The place at which a file keeps a row of a tensor.
public struct RowOrigin: Sendable, Equatable {
    /// The path of the file that holds the row.
    public let file: String
    /// The name that the file gives to the tensor.
    public let tensor: String
    /// The row's number in that tensor.
    public let row: Int

    /// Names a row of a tensor; the row is counted from 0 over all slower dimensions.
    public init(file: String, tensor: String, row: Int) {
        self.file = file
        self.tensor = tensor
        self.row = row
    }
}

/// Receives the tensors of a model in the order that was announced, each as consecutive pieces of bytes.
public protocol TensorSink: ~Copyable {
    /// Appends the next bytes of the tensor that is being written.
    mutating func append(_ bytes: UnsafeRawBufferPointer) throws
    /// Ends the current tensor; fails if its bytes are not complete.
    mutating func endTensor() throws
    /// Makes the finished result visible under its name.
    mutating func finish() throws
}
