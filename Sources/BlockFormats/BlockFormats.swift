import Tensors

/// The tensor types whose blocks can be read and written, each with its codec.
///
/// A row of a quantized tensor is a sequence of blocks of `TensorType.blockLength` elements and
/// `TensorType.blockByteCount` bytes each, as ggml lays them out.
public enum BlockFormats {
    /// One line per format.
    private static let codecs: [any BlockCodec] = [
        Float32Codec(), Float16Codec(), BFloat16Codec(),
        Q4_0Codec(), Q4_1Codec(), Q5_0Codec(), Q5_1Codec(), Q8_0Codec(),
        Q2KCodec(), Q3KCodec(), Q4KCodec(), Q5KCodec(), Q6KCodec(),
        IQ4NLCodec(), IQ4XSCodec(),
        MXFP4Codec(), NVFP4Codec(),
        TQ1_0Codec(), TQ2_0Codec(), Q1_0Codec(), Q2_0Codec(),
        IQ3SCodec(), IQ3XXSCodec(),
        IQ2SCodec(), IQ2XSCodec(), IQ2XXSCodec(), IQ1MCodec(), IQ1SCodec(),
    ]

    private static let codecsByType = Dictionary(uniqueKeysWithValues: codecs.map { ($0.type, $0) })

    /// The codec of a type, or nil if the type is not supported.
    public static func codec(for type: TensorType) -> (any BlockCodec)? { codecsByType[type] }

    /// The codec of a type with another policy than the type's default, where the type has one.
    public static func codec(for type: TensorType, policy: EncodingPolicy) -> (any BlockCodec)? {
        guard var codec = codecsByType[type] as? any QuantizingCodec else { return codec(for: type) }
        codec.policy = policy
        return codec
    }

    /// The types that ``codec(for:)`` has a codec for: all types that GGUF files store except whole numbers and
    /// float64.
    public static let supportedTypes: [TensorType] = codecs.map(\.type)
}
