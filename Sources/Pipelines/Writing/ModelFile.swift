import GGUF
import Journals
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Tensors
import Tokenizers

/// A GGUF that is about to be written from a model's tensors, laid out as one file.
struct ModelFile: Sendable {
    let model: Model
    /// With what says where the file comes from, but zeros for digests, for which the model's files would have to be read.
    let metadata: GGUFMetadata
    /// The model's tensors in its order, with the types to store.
    let tensors: [TensorDescriptor]
    /// The layout as one file.
    let layout: GGUFLayout

    /// - Parameter metadata: without a word of where the file comes from.
    /// - Throws: `GGUFError` if the contents break a rule of the format.
    init(model: Model, metadata: GGUFMetadata, tensors: [TensorDescriptor]) throws {
        var metadata = metadata
        Provenance.describeInLength(model, in: &metadata)
        self.model = model
        self.metadata = metadata
        self.tensors = tensors
        layout = try GGUFLayout(metadata: metadata, tensors: tensors, path: model.path)
    }

    /// The metadata with the digests of the model's files, which are read for them.
    private func describedMetadata(parallel: Parallel, progress: @escaping ProgressHandler) throws -> GGUFMetadata {
        var described = metadata
        try Provenance.describe(model, in: &described, parallel: parallel, progress: progress)
        return described
    }

    /// Writes the model as one file, or goes on with it.
    ///
    /// - Parameters:
    ///   - output: the file's name.
    ///   - inputs: of which the tensors' bytes are made.
    ///   - identity: what decides the tensors' bytes beside the metadata.
    ///   - isRestarting: whether what an earlier run has kept is removed, not gone on with.
    ///   - otherInputs: files besides the model's that the output must not replace.
    func write(
        to output: String, _ inputs: EncodingInputs, identity: RunIdentity, isRestarting: Bool,
        otherInputs: [String] = [], parallel: Parallel, progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        try verifyTokenizer(progress: progress)
        try OutputFile.check(
            output, inputs: model.inputFiles + otherInputs,
            expectedByteCount: layout.byteCount - ResumableGGUF.heldByteCount(of: output))
        let described = try describedMetadata(parallel: parallel, progress: progress)
        var writer = try ResumableGGUF.open(
            output: output, layout: layout.replacingValues(by: described), identity: identity,
            isRestarting: isRestarting, progress: progress)
        progress(.stage(.writing(path: output)))
        progress(.extent(.bytes(layout.byteCount)))
        do {
            try encoding(inputs, parallel: parallel, progress: progress)
                .run(tensors, range: writer.keptCount..<tensors.count, into: &writer)
        } catch {
            writer.settle(after: error)
            throw error
        }
        try writer.finish()
        return outcome(paths: [output], fileByteCount: layout.byteCount)
    }

    /// Fails if the tokenizer does not do what a file can say of it, and tells what the user should know of the model.
    func verifyTokenizer(progress: ProgressHandler) throws {
        do throws(TokenizationError) {
            try model.tokenizer.verifyScoreForm()
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? model.path)
        }
        for warning in model.warnings { progress(.warning("\(warning)")) }
    }

    /// The file in parts that can be completed later.
    ///
    /// - Parameters:
    ///   - outline: the parts of this file.
    ///   - output: a name whose `.gguf` is replaced by the parts' numbers.
    ///   - identity: what decides the tensors' bytes beside the metadata.
    func parted(
        _ outline: PartedOutline, to output: String, identity: RunIdentity, otherInputs: [String], parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> PartedOutput {
        try verifyTokenizer(progress: progress)
        for path in try outline.parts(output).paths {
            try OutputFile.check(path, inputs: model.inputFiles + otherInputs)
        }
        let described = try describedMetadata(parallel: parallel, progress: progress)
        return try PartedOutput(
            outline, output: output, whole: layout.replacingValues(by: described),
            identity: identity)
    }

    /// Writes those parts that are missing.
    func write(
        _ missing: [Int], of output: PartedOutput, _ inputs: EncodingInputs, parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        try output.write(
            missing, of: tensors, encoding: encoding(inputs, parallel: parallel, progress: progress), progress: progress
        )
        return outcome(paths: output.paths, fileByteCount: output.byteCount)
    }

    func encoding(
        _ inputs: EncodingInputs, parallel: Parallel, progress: @escaping ProgressHandler
    ) -> TensorEncoding {
        TensorEncoding(inputs: inputs, parallel: parallel, progress: progress)
    }

    func outcome(paths: [String], fileByteCount: Int) -> Conversion.Outcome {
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        return Conversion.Outcome(
            paths: paths, tensorCount: tensors.count, tensorByteCount: byteCount, fileByteCount: fileByteCount,
            bitsPerWeight: Double(8 * byteCount) / Double(max(1, tensors.reduce(0) { $0 + $1.shape.elementCount })))
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
