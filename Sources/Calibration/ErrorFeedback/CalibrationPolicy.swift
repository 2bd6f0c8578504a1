import BlockFormats
import ErrorFeedback

/// How calibrated quantization encodes; the defaults are those of the least KL divergence on held-out texts.
public struct CalibrationPolicy: Sendable, Hashable {
    /// How each type is encoded with error feedback.
    public var feedback = FeedbackPolicy(conditioning: 1, scaleReach: 1, sweeps: 2, outputGain: 1)
    /// How much of the drift of a matrix's inputs, from the original's to the quantized model's, its weights make up for.
    public var driftShare: Float = 1
    /// Keeps weights near the original ones where inputs say little; a part of the mean second moment.
    public var driftDamping: Float = 0.1
    /// Keeps routers, which stay in single precision, near the original ones where inputs say little; a part of the mean
    /// second moment.
    public var routerDamping: Float = 0.01
    /// Tokens that the mean of a layer's experts counts for beside those that an expert saw.
    public var priorRowCount: Float = 32
    /// How the embedding is encoded, which has no inputs to calibrate with.
    public var embedding = EncodingPolicy(elementWeight: .importance, gainRestoration: 0)
    /// Which columns of a matrix are fitted together.
    public var columnBlocks = ColumnBlocks()

    /// The policy of the least KL divergence on held-out texts.
    public init() {}

    /// For a codec, with its type's way to choose scales.
    func feedback(for codec: any QuantizingCodec) -> FeedbackPolicy {
        var policy = feedback
        policy.encoding = codec.policy
        return policy
    }
}
