import GGUFContainer
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Tensors
import Tokenization

/// A GGUF that is about to be written from a model's tensors.
struct ModelFile {
    var model: Model
    var metadata: GGUFMetadata
    /// The model's tensors in its order, with the types to store.
    let tensors: [TensorDescriptor]
    /// How to cut it into parts; nil for one file.
    var splitLimits: GGUFSplitLimits?

    /// The size of the file, if it is one, to the byte; the model's files are not read for it.
    var byteCount: Int {
        get throws {
            var described = metadata
            Provenance.describeInLength(model, in: &described)
            return try GGUFWriter.byteCount(metadata: described, tensors: tensors)
        }
    }

    /// - Parameters:
    ///   - output: the file's name or, for parts, a name whose `.gguf` is replaced by their numbers.
    ///   - otherInputs: files besides the model's that the output must not replace.
    func write(
        to output: String, guidance: EncodingGuidance, otherInputs: [String] = [], parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        do throws(TokenizationError) {
            try model.tokenizer.verifyScoreForm()
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? model.path)
        }
        for warning in model.warnings { progress(.warning(warning)) }
        let outputs =
            try splitLimits.map {
                try GGUFSplitWriter.paths(
                    prefix: Self.splitPrefix(output), metadata: metadata, tensors: tensors, limits: $0)
            } ?? [output]
        let fileByteCount = try byteCount
        for path in outputs {
            try OutputFile.check(
                path, inputs: model.inputFiles + otherInputs, expectedByteCount: fileByteCount)
        }
        var described = metadata
        try Provenance.describe(model, in: &described, parallel: parallel, progress: progress)
        progress(.stage("writing \(Provenance.lastComponent(output))"))
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        let encoding = TensorEncoding(source: model.tensors, guidance: guidance, parallel: parallel) {
            progress(.fraction(Double($0) / Double(max(1, byteCount))))
        }
        if let splitLimits {
            var writer = try GGUFSplitWriter(
                prefix: Self.splitPrefix(output), metadata: described, tensors: tensors, limits: splitLimits)
            try encoding.run(tensors, into: &writer)
            try writer.finish()
        } else {
            var writer = try GGUFWriter(path: output, metadata: described, tensors: tensors)
            try encoding.run(tensors, into: &writer)
            try writer.finish()
        }
        return outcome(
            paths: outputs, fileByteCount: try GGUFWriter.byteCount(metadata: described, tensors: tensors))
    }

    /// The file in parts that can be completed later.
    ///
    /// - Parameters:
    ///   - output: a name whose `.gguf` is replaced by the parts' numbers.
    ///   - identity: what decides the tensors' bytes beside the metadata.
    func parted(
        to output: String, limits: GGUFSplitLimits, identity: String, otherInputs: [String], parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> PartedOutput {
        try model.tokenizer.verifyScoreForm()
        let paths = try GGUFSplitWriter.paths(
            prefix: Self.splitPrefix(output), metadata: metadata, tensors: tensors, limits: limits)
        for path in paths { try OutputFile.check(path, inputs: model.inputFiles + otherInputs) }
        var described = metadata
        try Provenance.describe(model, in: &described, parallel: parallel, progress: progress)
        return try PartedOutput(
            prefix: Self.splitPrefix(output), metadata: described, tensors: tensors, limits: limits,
            identity: identity)
    }

    /// The parts as they would be, to the byte in size; the model's files are not read for it.
    func outline(prefix: String = "", limits: GGUFSplitLimits) throws -> PartedOutput {
        var described = metadata
        Provenance.describeInLength(model, in: &described)
        return try PartedOutput(
            prefix: Self.splitPrefix(prefix), metadata: described, tensors: tensors, limits: limits, identity: "")
    }

    /// Writes those parts that are missing.
    func write(
        _ missing: [Int], of output: PartedOutput, guidance: EncodingGuidance, parallel: Parallel,
        progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        let encoding = TensorEncoding(source: model.tensors, guidance: guidance, parallel: parallel) {
            progress(.fraction(Double($0) / Double(max(1, byteCount))))
        }
        try output.write(missing, encoding: encoding, progress: progress)
        return outcome(paths: output.paths, fileByteCount: output.byteCount)
    }

    private func outcome(paths: [String], fileByteCount: Int) -> Conversion.Outcome {
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        return Conversion.Outcome(
            paths: paths, tensorCount: tensors.count, tensorByteCount: byteCount, fileByteCount: fileByteCount,
            bitsPerWeight: Double(8 * byteCount) / Double(max(1, tensors.reduce(0) { $0 + $1.shape.elementCount })))
    }

    private static func splitPrefix(_ output: String) -> String {
        output.hasSuffix(".gguf") ? String(output.dropLast(5)) : output
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
