import ModelArchitecture
import Numerics

/// Keys and values of one sequence in every layer, so that new tokens need not recompute the old.
public final class KeyValueCache: @unchecked Sendable {
    /// The most tokens that the cache can hold.
    public let capacity: Int
    /// The number of tokens that the cache holds.
    public private(set) var count = 0
    private let rowLength: Int
    private let layers: [(key: FloatBuffer, value: FloatBuffer)]

    /// The memory that the keys and values of `tokenCount` tokens take in all layers.
    static func workingSet(_ plan: DecoderPlan, tokenCount: Int) -> WorkingSet {
        WorkingSet("cache", floatCount: 2 * plan.layerCount * tokenCount * plan.attention.keyValueLength)
    }

    /// Allocates a cache without tokens.
    ///
    /// - Parameters:
    ///   - plan: the architecture of the model.
    ///   - capacity: the most tokens that the cache can hold.
    public init(plan: DecoderPlan, capacity: Int) {
        self.capacity = capacity
        rowLength = plan.attention.keyValueLength
        layers = (0..<plan.layerCount).map { _ in
            let length = capacity * plan.attention.keyValueLength
            return (FloatBuffer(count: length), FloatBuffer(count: length))
        }
    }

    /// All rows of one layer, the held ones first.
    func rows(ofLayer layer: Int) -> (key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>) {
        (layers[layer].key.base, layers[layer].value.base)
    }

    /// Counts rows that every layer has received.
    func advance(by added: Int) { count += added }

    /// Removes all tokens but the first `kept`, which are at most ``count``.
    public func truncate(to kept: Int) {
        precondition((0...count).contains(kept))
        count = kept
    }
}
