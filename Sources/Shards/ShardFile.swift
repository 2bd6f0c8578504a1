import Files

/// A file that holds tensors by name, and that alone or with others holds the weights of a checkpoint.
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

    /// Reads some elements of a tensor.
    ///
    /// - Parameters:
    ///   - tensor: one of this file's ``tensors``.
    ///   - byteRange: the bytes of whole elements, counted from the tensor's first byte.
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
    /// The name of the kind in messages, such as `safetensors`.
    public let format: String
    /// The end of the names of all files with weights, such as `.safetensors`.
    public let suffix: String
    /// The name of the file in a checkpoint that has only one, such as `model.safetensors`.
    public let fileName: String

    /// The names of one kind of files.
    ///
    /// - Parameters:
    ///   - format: the name of the kind in messages, such as `safetensors`.
    ///   - stem: the name of the only file, less the suffix, such as `model`.
    ///   - suffix: the end of the names of all files with weights, such as `.safetensors`.
    public init(format: String, stem: String, suffix: String) {
        self.format = format
        self.suffix = suffix
        fileName = stem + suffix
    }

    private static let indexEnding = ".index.json"

    /// What the names of all indices of shards end in.
    var indexSuffix: String { suffix + Self.indexEnding }
    /// The name of the index that goes before others, such as `model.safetensors.index.json`.
    public var indexName: String { fileName + Self.indexEnding }
}
