import GGUF
import Models
import Parallelism

extension Provenance {
    /// Adds what a model was made from, and tells of the stage if there are weights to hash.
    static func describe(
        _ model: Model, in metadata: inout GGUFMetadata, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws {
        if model.checkpoint?.content != nil { progress(.stage(.hashingWeights)) }
        try describe(model, in: &metadata, parallel: parallel) { progress(.fraction($0)) }
    }
}
