import BlockFormats
import Importance
import TensorCore

/// What encoders know beside the weights.
struct EncodingGuidance: Sendable {
    var importance: ImportanceMatrix?
    /// Policies other than the types' defaults.
    var policies: [TensorType: EncodingPolicy] = [:]

    func encoder(for type: TensorType) -> (any BlockCodec)? {
        policies[type].map { BlockFormats.codec(for: type, policy: $0) } ?? BlockFormats.codec(for: type)
    }
}
