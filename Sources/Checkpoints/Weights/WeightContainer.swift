import Files
import SafetensorsIO
import Shards
import TorchArchive

/// The files that hold a checkpoint's tensors, of whichever kind.
protocol WeightContainer: Sendable {
    /// The tensors in the order of the files, and in each file in its own order.
    var storedTensors: [StoredTensor] { get }
    /// The paths of the files.
    var paths: [String] { get }
    /// Whether the files are shards that no index lists.
    var areFilesFoundByName: Bool { get }

    /// Reads some bytes of a tensor; whole elements.
    func read(tensorAt index: Int, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws

    /// Tells the system what will be done with some bytes of a tensor.
    func advise(_ use: ExpectedUse, tensorAt index: Int, byteRange: Range<Int>)
}

/// A tensor as a file holds it.
struct StoredTensor: Sendable, Hashable {
    let name: String
    let type: StoredType
    /// The dimensions, slowest first.
    let shape: [Int]
    /// The place of its file in the container's ``WeightContainer/paths``.
    let fileIndex: Int
}

/// The element types that weights are stored in.
enum StoredType: Sendable, Hashable {
    case f64, f32, f16, bf16, f8_E4M3
    /// A type that is no weight's, by the name that its file gives it.
    case other(String)

    /// Whether its bytes are those that are read, without a conversion.
    var isReadAsStored: Bool {
        switch self {
        case .f32, .f16, .bf16: true
        case .f64, .f8_E4M3, .other: false
        }
    }
}

extension ShardSet: WeightContainer where File.Tensor.ElementType: ContainerType {
    var storedTensors: [StoredTensor] {
        tensors.map {
            StoredTensor(name: $0.name, type: $0.type.stored, shape: $0.shape, fileIndex: $0.fileIndex)
        }
    }

    var paths: [String] { files.map(\.path) }

    var areFilesFoundByName: Bool { areFoundByName }

    func read(tensorAt index: Int, byteRange: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) throws {
        try read(tensors[index], byteRange: byteRange, into: buffer)
    }

    func advise(_ use: ExpectedUse, tensorAt index: Int, byteRange: Range<Int>) {
        advise(use, tensors[index], byteRange: byteRange)
    }
}

/// The element types of one kind of file.
protocol ContainerType {
    var stored: StoredType { get }
}

extension SafetensorsType: ContainerType {
    var stored: StoredType {
        switch self {
        case .f64: .f64
        case .f32: .f32
        case .f16: .f16
        case .bf16: .bf16
        case .f8_E4M3: .f8_E4M3
        default: .other(rawValue)
        }
    }
}

extension TorchType: ContainerType {
    var stored: StoredType {
        switch self {
        case .float64: .f64
        case .float32: .f32
        case .float16: .f16
        case .bfloat16: .bf16
        case .float8_e4m3fn: .f8_E4M3
        default: .other(rawValue)
        }
    }
}
