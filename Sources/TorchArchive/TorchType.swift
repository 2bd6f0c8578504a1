/// The element types of PyTorch's tensors, by the names of their dtypes.
public enum TorchType: String, CaseIterable, Sendable, Hashable {
    case bool
    case uint8
    case int8
    case float8_e4m3fn
    case float8_e4m3fnuz
    case float8_e5m2
    case float8_e5m2fnuz
    case float8_e8m0fnu
    case int16
    case uint16
    case float16
    case bfloat16
    case int32
    case uint32
    case float32
    case int64
    case uint64
    case float64
    case complex64
    case complex128

    /// The size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .bool, .uint8, .int8, .float8_e4m3fn, .float8_e4m3fnuz, .float8_e5m2, .float8_e5m2fnuz, .float8_e8m0fnu: 1
        case .int16, .uint16, .float16, .bfloat16: 2
        case .int32, .uint32, .float32: 4
        case .int64, .uint64, .float64, .complex64: 8
        case .complex128: 16
        }
    }

    /// The type of the elements in a storage of that class, such as `HalfStorage`.
    init?(storageClass: String) {
        switch storageClass {
        case "BoolStorage": self = .bool
        case "ByteStorage": self = .uint8
        case "CharStorage": self = .int8
        case "ShortStorage": self = .int16
        case "IntStorage": self = .int32
        case "LongStorage": self = .int64
        case "HalfStorage": self = .float16
        case "BFloat16Storage": self = .bfloat16
        case "FloatStorage": self = .float32
        case "DoubleStorage": self = .float64
        case "ComplexFloatStorage": self = .complex64
        case "ComplexDoubleStorage": self = .complex128
        default: return nil
        }
    }
}
