import BlockFormats
import Importance
import Tensors

/// What encoders know beside the weights.
package struct EncodingGuidance: Sendable {
    package var importance: ImportanceMatrix?
    /// Policies other than the types' defaults.
    package var policies: [TensorType: EncodingPolicy]

    package init(importance: ImportanceMatrix? = nil, policies: [TensorType: EncodingPolicy] = [:]) {
        self.importance = importance
        self.policies = policies
    }

    func encoder(for type: TensorType) -> (any BlockCodec)? {
        policies[type].map { BlockFormats.codec(for: type, policy: $0) } ?? BlockFormats.codec(for: type)
    }
}
