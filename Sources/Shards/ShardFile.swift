import Files

/// A file that holds tensors by name: alone, or with others, it has the weights of a checkpoint.
public protocol ShardFile: Sendable {
    /// The description of a tensor in files of this kind.
    associatedtype Tensor: ShardTensor

    /// The names that files of this kind and their indices have.
    static var naming: ShardNaming { get }

    /// The path that the file was opened under.
    var path: String { get }
    /// All tensors, in the order of the file.
    var tensors: [Tensor] { get }

    /// Opens a file and reads what it says of its tensors.
    /// - Throws: errors of the format, or `FileError`.
    init(path: String) throws

    /// Reads some bytes of a tensor; whole elements.
    ///
    /// - Parameters:
    ///   - byteRange: counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    func read(_ tensor: Tensor, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws

    /// Tells the system what will be done with some bytes of a tensor.
    func advise(_ use: ExpectedUse, _ tensor: Tensor, byteRange: Range<Int>)
}

/// A tensor of a ``ShardFile``.
public protocol ShardTensor: Sendable, Hashable {
    /// The element types that files of this kind know.
    associatedtype ElementType: Sendable, Hashable

    /// The name that the file gives to the tensor.
    var name: String { get }
    /// The type of the elements.
    var type: ElementType { get }
    /// The dimensions, slowest first.
    var shape: [Int] { get }
    /// The size of all elements in bytes.
    var byteCount: Int { get }
}

/// The names of a checkpoint's files of one kind.
public struct ShardNaming: Sendable, Equatable {
    /// What the kind is called, for messages: `safetensors`.
    public let format: String
    /// What all names of weights end in: `.safetensors`.
    public let suffix: String
    /// The only file of a checkpoint that has one: `model.safetensors`.
    public let fileName: String

    /// - Parameters:
    ///   - stem: the name of the only file, less the suffix.
    public init(format: String, stem: String, suffix: String) {
        self.format = format
        self.suffix = suffix
        fileName = stem + suffix
    }

    private static let indexEnding = ".index.json"

    /// What the names of all indices of shards end in.
    var indexSuffix: String { suffix + Self.indexEnding }
    /// The index that goes before others.
    var indexName: String { fileName + Self.indexEnding }
}
