/// The numbers of a decoder that type rules ask about.
public struct ModelGeometry: Sendable, Hashable {
    public let layerCount: Int
    /// Query heads.
    public let headCount: Int
    public let keyValueHeadCount: Int
    /// Routed experts; 0 for a dense model.
    public let expertCount: Int

    public init(layerCount: Int, headCount: Int, keyValueHeadCount: Int, expertCount: Int) {
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount
        self.expertCount = expertCount
    }

    /// Query heads that share one key and value head, rounded down; 0 if the counts make no sense.
    var queryGroupSize: Int { keyValueHeadCount > 0 ? headCount / keyValueHeadCount : 0 }
}
