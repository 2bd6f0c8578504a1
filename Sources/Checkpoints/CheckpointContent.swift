/// The stored tensors that a model is made of, whatever files hold them, in which order and with what else.
public struct CheckpointContent: Sendable {
    /// A tensor as it is stored.
    public struct Tensor: Sendable {
        /// The name of the tensor in the checkpoint.
        public let name: String
        /// The element type, as safetensors spells it.
        public let type: String
        /// The dimensions, slowest first.
        public let shape: [Int]
        /// The size of all elements in bytes.
        public let byteCount: Int
        fileprivate let index: Int
    }

    /// All tensors, in the order of the bytes of their names.
    public let tensors: [Tensor]
    private let container: any WeightContainer

    /// - Parameter indices: the tensors' places in the container; all of types that weights or scales have.
    init(_ indices: Set<Int>, of container: any WeightContainer) {
        let stored = container.storedTensors
        tensors = indices.map { index in
            let tensor = stored[index]
            guard let size = tensor.type.byteCount else { preconditionFailure("\(tensor.name) is no weight") }
            return Tensor(
                name: tensor.name, type: tensor.type.name, shape: tensor.shape,
                byteCount: tensor.shape.reduce(size, *), index: index)
        }.sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        self.container = container
    }

    /// Reads bytes of a tensor: elements one after the other, the last dimension fastest, little-endian.
    ///
    /// - Parameters:
    ///   - tensor: one of ``tensors``.
    ///   - byteRange: the bytes of whole elements, counted from the tensor's first byte.
    ///   - buffer: receives `byteRange.count` bytes.
    public func read(_ tensor: Tensor, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try container.read(tensorAt: tensor.index, byteRange: byteRange, into: buffer)
    }
}

extension StoredType {
    /// The size of an element in bytes; nil for types that neither weights nor scales have.
    fileprivate var byteCount: Int? {
        switch self {
        case .f64: 8
        case .f32: 4
        case .f16, .bf16: 2
        case .f8_E4M3: 1
        case .other: nil
        }
    }

    /// The name of the type as safetensors spells it.
    var name: String {
        switch self {
        case .f64: "F64"
        case .f32: "F32"
        case .f16: "F16"
        case .bf16: "BF16"
        case .f8_E4M3: "F8_E4M3"
        case .other(let name): name
        }
    }
}
