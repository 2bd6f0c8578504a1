import GGUFContainer
import Importance
import ModelArchitecture
import Recipes
import TensorCore

/// A GGUF that is about to be written from a model's tensors.
struct ModelFile {
    let model: Model
    var metadata: GGUFMetadata
    /// The model's tensors in its order, with the types to store.
    let tensors: [TensorDescriptor]

    /// - Parameter otherInputs: files besides the model's that the output must not replace.
    func write(
        to output: String, importance: ImportanceMatrix?, otherInputs: [String] = [], parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        try OutputFile.check(
            output, inputs: model.inputFiles + otherInputs,
            expectedByteCount: try GGUFWriter.byteCount(metadata: metadata, tensors: tensors))
        var metadata = metadata
        try Provenance.describe(model, in: &metadata, parallel: parallel, progress: progress)
        progress(.stage("writing \(Provenance.lastComponent(output))"))
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        var writer = try GGUFWriter(path: output, metadata: metadata, tensors: tensors)
        try TensorEncoding(source: model.tensors, importance: importance, parallel: parallel) {
            progress(.fraction(Double($0) / Double(max(1, byteCount))))
        }.run(tensors, into: &writer)
        try writer.finish()
        return Conversion.Outcome(
            tensorCount: tensors.count, tensorByteCount: byteCount,
            fileByteCount: try GGUFWriter.byteCount(metadata: metadata, tensors: tensors),
            bitsPerWeight: Double(8 * byteCount) / Double(tensors.reduce(0) { $0 + $1.shape.elementCount }))
    }
}

extension Model {
    /// What type rules ask about.
    var geometry: ModelGeometry {
        ModelGeometry(
            layerCount: plan.layerCount, headCount: plan.attention.headCount,
            keyValueHeadCount: plan.attention.keyValueHeadCount, expertCount: plan.experts?.count ?? 0)
    }
}
