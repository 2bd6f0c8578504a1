import Manifests
import Pages

/// What `perplexity --json` prints.
struct PerplexityReport: Encodable {
    /// nil of scores that older versions have kept.
    let manifest: Manifest?
    let model: String
    /// The model that divergences are measured from.
    let reference: String?
    let context: Int
    let stride: Int?
    /// How activations are multiplied with weights.
    let precision: String
    /// OpenBLAS's kernels.
    let core: String
    let texts: [TextFigures]
}
