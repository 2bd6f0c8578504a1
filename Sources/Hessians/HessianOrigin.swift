/// What second moments were collected from.
public struct HessianOrigin: Sendable, Hashable {
    /// The model's name.
    public var model: String
    /// The texts that were read.
    public var datasets: [String]
    /// Windows of text.
    public var chunkCount: Int
    /// Tokens of one window.
    public var chunkSize: Int

    public init(model: String, datasets: [String], chunkCount: Int, chunkSize: Int) {
        self.model = model
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = chunkSize
    }
}
