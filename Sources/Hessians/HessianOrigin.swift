import GGUF
import Manifests

/// The model and the texts that second moments were collected from.
public struct HessianOrigin: Sendable, Hashable {
    /// The name of the model.
    public var model: String
    /// The signature of the model's weights; nil in files without.
    public var signature: ModelSignature?
    /// The names of the texts that were read.
    public var datasets: [String]
    /// The number of windows of text that were read.
    public var chunkCount: Int
    /// The number of tokens of one window.
    public var chunkSize: Int
    /// What the moments were made from, and with which options; nil in files without.
    public var manifest: Manifest?

    /// Describes the model and the texts that moments are collected from.
    public init(
        model: String, signature: ModelSignature? = nil, datasets: [String], chunkCount: Int, chunkSize: Int,
        manifest: Manifest? = nil
    ) {
        self.model = model
        self.signature = signature
        self.datasets = datasets
        self.chunkCount = chunkCount
        self.chunkSize = chunkSize
        self.manifest = manifest
    }
}
