import GGUFContainer

/// What second moments were collected from.
public struct HessianOrigin: Sendable, Hashable {
    /// The model's name.
    public var model: String
    /// What tells its weights from another's; nil in files that do not say.
    public var signature: ModelSignature?
    /// The texts that were read.
    public var datasets: [String]
    /// Windows of text.
    public var chunkCount: Int
    /// Tokens of one window.
    public var chunkSize: Int

    /// Describes the model and the texts that moments are collected from.
    public init(
        model: String, signature: ModelSignature? = nil, datasets: [String], chunkCount: Int, chunkSize: Int
    ) {
        self.model = model
        self.signature = signature
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = chunkSize
    }
}
