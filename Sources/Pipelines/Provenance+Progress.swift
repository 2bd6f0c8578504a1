import GGUFContainer
import Models
import Parallelism

extension Provenance {
    /// The same as a stage of a use case.
    static func describe(
        _ model: Model, in metadata: inout GGUFMetadata, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws {
        if model.checkpoint?.content != nil { progress(.stage(.hashingWeights)) }
        try describe(model, in: &metadata, parallel: parallel) { progress(.fraction($0)) }
    }
}
