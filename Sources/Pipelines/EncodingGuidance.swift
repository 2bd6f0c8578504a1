import BlockFormats
import Importance
import Tensors

/// What encoders know beside the weights.
struct EncodingGuidance: Sendable {
    var importance: ImportanceMatrix?
    /// Policies other than the types' defaults.
    var policies: [TensorType: EncodingPolicy] = [:]
    /// Second moments, which some tensors are encoded by with error feedback.
    var hessian: OpenedHessian?

    func encoder(for type: TensorType) -> (any BlockCodec)? {
        policies[type].map { BlockFormats.codec(for: type, policy: $0) } ?? BlockFormats.codec(for: type)
    }
}
