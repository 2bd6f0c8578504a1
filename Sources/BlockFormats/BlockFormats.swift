import TensorCore

/// The registry: tensor type to codec.
public enum BlockFormats {
    /// One line per format.
    private static let codecs: [any BlockCodec] = [
        Float32Codec(), Float16Codec(), BFloat16Codec(),
        Q4_0Codec(), Q4_1Codec(), Q5_0Codec(), Q5_1Codec(), Q8_0Codec(), IQ4NLCodec(),
        Q2KCodec(), Q4KCodec(), Q5KCodec(), Q6KCodec(),
        IQ2XXSCodec(), IQ1SCodec(),
        IQ3XXSCodec(), IQ3SCodec(),
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

    /// All types that ``codec(for:)`` answers for.
    public static let supportedTypes: [TensorType] = codecs.map(\.type)
}
