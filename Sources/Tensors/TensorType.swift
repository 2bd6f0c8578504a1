/// The element types that a GGUF tensor can be stored in, with ggml's numbers.
///
/// Source: ggml's `enum ggml_type` and the block structures of `ggml-common.h`. The types 9 (Q8_1) and 15 (Q8_K) are
/// internal to ggml and never stored.
public enum TensorType: UInt32, CaseIterable, Sendable, Hashable {
    case f32 = 0
    case f16 = 1
    case q4_0 = 2
    case q4_1 = 3
    case q5_0 = 6
    case q5_1 = 7
    case q8_0 = 8
    case q2_K = 10
    case q3_K = 11
    case q4_K = 12
    case q5_K = 13
    case q6_K = 14
    case iq2_XXS = 16
    case iq2_XS = 17
    case iq3_XXS = 18
    case iq1_S = 19
    case iq4_NL = 20
    case iq3_S = 21
    case iq2_S = 22
    case iq4_XS = 23
    case i8 = 24
    case i16 = 25
    case i32 = 26
    case i64 = 27
    case f64 = 28
    case iq1_M = 29
    case bf16 = 30
    case tq1_0 = 34
    case tq2_0 = 35
    case mxfp4 = 39
    case nvfp4 = 40
    case q1_0 = 41
    case q2_0 = 42

    /// The type's name as llama.cpp spells it, such as `Q4_K` or `IQ2_XXS`.
    public var name: String { layout.name }

    /// The number of elements in a block; the length of a row must be a multiple of it.
    public var blockLength: Int { layout.length }

    /// The size of a block in bytes.
    public var blockByteCount: Int { layout.bytes }

    /// The mean number of bits of an encoded element, scales included.
    public var bitsPerElement: Double { Double(8 * blockByteCount) / Double(blockLength) }

    /// Whether blocks hold codes and scales rather than plain numbers.
    public var isQuantized: Bool { blockLength > 1 }

    /// Parses llama.cpp's name of a type, in any case.
    public init?(name: String) {
        guard let type = Self.allCases.first(where: { $0.name == name.uppercased() }) else { return nil }
        self = type
    }

    private var layout: (name: String, length: Int, bytes: Int) {
        switch self {
        case .f32: ("F32", 1, 4)
        case .f16: ("F16", 1, 2)
        case .bf16: ("BF16", 1, 2)
        case .f64: ("F64", 1, 8)
        case .i8: ("I8", 1, 1)
        case .i16: ("I16", 1, 2)
        case .i32: ("I32", 1, 4)
        case .i64: ("I64", 1, 8)
        case .q4_0: ("Q4_0", 32, 18)
        case .q4_1: ("Q4_1", 32, 20)
        case .q5_0: ("Q5_0", 32, 22)
        case .q5_1: ("Q5_1", 32, 24)
        case .q8_0: ("Q8_0", 32, 34)
        case .q2_K: ("Q2_K", 256, 84)
        case .q3_K: ("Q3_K", 256, 110)
        case .q4_K: ("Q4_K", 256, 144)
        case .q5_K: ("Q5_K", 256, 176)
        case .q6_K: ("Q6_K", 256, 210)
        case .iq1_S: ("IQ1_S", 256, 50)
        case .iq1_M: ("IQ1_M", 256, 56)
        case .iq2_XXS: ("IQ2_XXS", 256, 66)
        case .iq2_XS: ("IQ2_XS", 256, 74)
        case .iq2_S: ("IQ2_S", 256, 82)
        case .iq3_XXS: ("IQ3_XXS", 256, 98)
        case .iq3_S: ("IQ3_S", 256, 110)
        case .iq4_NL: ("IQ4_NL", 32, 18)
        case .iq4_XS: ("IQ4_XS", 256, 136)
        case .tq1_0: ("TQ1_0", 256, 54)
        case .tq2_0: ("TQ2_0", 256, 66)
        case .mxfp4: ("MXFP4", 32, 17)
        case .nvfp4: ("NVFP4", 64, 36)
        case .q1_0: ("Q1_0", 128, 18)
        case .q2_0: ("Q2_0", 64, 18)
        }
    }
}
