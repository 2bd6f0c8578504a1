import Checkpoints
import FoundationEssentials
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

    func write(
        to output: String, importance: ImportanceMatrix?, parallel: Parallel, progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        try refuseOverwritingInputs(output)
        try model.tokenizer.verifyScoreForm()
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

    private func refuseOverwritingInputs(_ output: String) throws {
        let target = URL(filePath: output).resolvingSymlinksInPath().path
        guard !model.files.contains(where: { URL(filePath: $0).resolvingSymlinksInPath().path == target }) else {
            throw PipelineError(.outputIsInput, file: output)
        }
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
