/// A codec whose blocks hold scales and codes.
public protocol QuantizingCodec: BlockCodec {
    /// What the encoder counts as error; a new codec has its type's default.
    var policy: EncodingPolicy { get set }
}
