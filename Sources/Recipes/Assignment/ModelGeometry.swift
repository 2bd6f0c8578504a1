/// The numbers of a decoder that the rules of a recipe ask about.
public struct ModelGeometry: Sendable, Hashable {
    /// The number of layers.
    public let layerCount: Int
    /// The number of query heads in a layer.
    public let headCount: Int
    /// The number of key and value heads in a layer, each shared by some query heads.
    public let keyValueHeadCount: Int
    /// The number of routed experts in a layer; 0 for a dense model.
    public let expertCount: Int

    /// A decoder's counts of layers, heads and routed experts.
    public init(layerCount: Int, headCount: Int, keyValueHeadCount: Int, expertCount: Int) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.expertCount = expertCount
    }

    /// Query heads that share one key and value head, rounded down; 0 if the counts make no sense.
    var queryGroupSize: Int { keyValueHeadCount > 0 ? headCount / keyValueHeadCount : 0 }
}
