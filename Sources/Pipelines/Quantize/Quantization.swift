import BlockFormats
import Calibration
import Files
import FoundationEssentials
import GGUF
import Importance
import Manifests
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Tensors
import Verification
import WeightEncoding

/// Writes a model with the types that a recipe gives its tensors, guided by what is known of its inputs.
public struct Quantization: Sendable {
    /// Which tensor gets which type.
    public var recipe: Recipe
    /// What is asked for beside the recipe.
    public var options: RecipeOptions
    /// Whether weights that are quantized already may be encoded again.
    public var allowsRequantization: Bool
    /// Files besides the model's and those of the guidance that the output must not replace, such as a recipe.
    public var otherInputs: [String] = []
    /// Policies of encoders that differ from the types' defaults, for experiments.
    public var policies: [TensorType: EncodingPolicy] = [:]
    /// How to cut the model into files, of which those that are there already from the same inputs are kept; nil for one
    /// file.
    public var splitLimits: GGUFSplitLimits?
    /// Whether files that have the names of parts, and are no part of what is written, are replaced; else they are an error.
    public var replacesParts = false
    /// Whether what an earlier run has kept is removed, not gone on with.
    public var isRestarting = false
    /// How much of the file is read again, and compared with the model, when it is written.
    public var verification = WrittenVerification.Extent.sample
    /// The threads that share the work.
    public var parallel: Parallel

    /// A quantization by a recipe.
    ///
    /// - Parameters:
    ///   - recipe: Which tensor gets which type.
    ///   - options: What is asked for beside the recipe.
    ///   - allowsRequantization: Whether weights that are quantized already may be encoded again.
    ///   - parallel: The threads that share the work.
    public init(
        recipe: Recipe, options: RecipeOptions = RecipeOptions(), allowsRequantization: Bool = false, parallel: Parallel
    ) {
        self.recipe = recipe
        self.options = options
        self.allowsRequantization = allowsRequantization
        self.parallel = parallel
    }

    /// Decides every tensor's type and checks that it can be done; reads no file.
    ///
    /// - Parameters:
    ///   - inputs: The model, and what is known of its inputs.
    ///   - permitsMissingImportance: Whether importance that the types need may be missing, for a plan that is only shown: it
    ///     is then made as if there were one, and says what is missing.
    /// - Throws: `RecipeError` if the recipe does not suit the model or lacks an importance matrix, `EncodingError` if
    ///   weights cannot be encoded or are quantized already.
    public func plan(_ inputs: QuantizationInputs, permitsMissingImportance: Bool = false) throws -> Plan {
        let (model, guidance) = (inputs.model, inputs.guidance)
        var assignments = try assignments(for: model, hasImportance: guidance.isAny)
        if permitsMissingImportance, assignments.contains(where: \.needsImportance) {
            assignments = try self.assignments(for: model, hasImportance: true)
        }
        let hessian = guidance.hessian.flatMap { fitting in
            inputs.hessian.map {
                OpenedHessian(
                    $0, fitting, plan: model.plan,
                    tensors: assignments.filter { $0.type != $0.sourceType }.map(\.tensor))
            }
        }
        let known = hessian.map { $0.rest(of: inputs.importance) } ?? inputs.importance
        var missingImportance: RecipeError?
        do {
            if guidance.texts == nil {
                do throws(RecipeError) {
                    try RecipeError.demandImportance(for: assignments) {
                        known?.entries[$0] != nil || hessian?.fitted[$0] != nil
                    }
                } catch {
                    guard permitsMissingImportance else { throw error }
                    missingImportance = error
                }
            }
            for assignment in assignments where assignment.type.isQuantized {
                _ = try known?.stackWeights(for: assignment.tensor)
            }
        } catch let error as any DiagnosticError {
            throw guidance.importancePath.map { ErrorInFile(path: $0, underlying: error) } ?? error
        }
        try check(assignments, of: model)
        let file = try file(inputs, assignments)
        return Plan(
            quantization: self, inputs: inputs, assignments: assignments, size: try SizeEstimate(assignments),
            warnings: warnings(about: assignments, of: model, importance: known)
                + [hessian?.warning, inputs.hessianWarning].compactMap { $0 }
                + warnings(aboutImportanceOf: inputs, assignments, fitted: hessian),
            missingImportance: missingImportance, importance: known, hessian: hessian, file: file,
            parts: try splitLimits.map { try PartedOutline(file, limits: $0) })
    }

    /// Fails for types that nothing is encoded as, and for weights that would be quantized again.
    private func check(_ assignments: [TypeAssignment], of model: Model) throws {
        for assignment in assignments {
            guard BlockFormats.codec(for: assignment.type) != nil else {
                throw EncodingError(.unsupportedTarget(assignment.type), tensor: assignment.tensor.name)
            }
            guard assignment.sourceType.isQuantized, assignment.type != assignment.sourceType, !allowsRequantization
            else { continue }
            throw EncodingError(
                .alreadyQuantized(assignment.sourceType), file: model.path, tensor: assignment.tensor.name)
        }
    }

    /// The types of a model's tensors, without a look at what stands against them.
    ///
    /// - Parameter hasImportance: whether the recipe may count on importance.
    func assignments(for model: Model, hasImportance: Bool) throws -> [TypeAssignment] {
        var options = options
        options.hasImportance = hasImportance
        return try recipe.assignments(
            for: model.tensors.tensors.map(\.plainlyStored), geometry: model.geometry, options: options)
    }

    /// The file of a model whose tensors have these types.
    func file(_ inputs: QuantizationInputs, _ assignments: [TypeAssignment]) throws -> ModelFile {
        try ModelFile(
            model: inputs.model, metadata: metadata(inputs, assignments), tensors: assignments.map(\.tensor))
    }

    /// What the file would say, less where it comes from.
    private func metadata(_ inputs: QuantizationInputs, _ assignments: [TypeAssignment]) throws -> GGUFMetadata {
        var metadata = inputs.model.metadata
        metadata.removeQuantization()
        metadata["general.file_type"] = .uint32(recipe.fileType)
        metadata["general.quantization_version"] = .uint32(QuantizationVersion.current)
        if let importance = inputs.importance, let path = inputs.guidance.importancePath {
            metadata["quantize.imatrix.file"] = .string(ByteString(Provenance.lastComponent(path)))
            metadata["quantize.imatrix.dataset"] = .string(ByteString(importance.datasets.joined(separator: ", ")))
            metadata["quantize.imatrix.entries_count"] = .uint32(UInt32(importance.entries.count))
            metadata["quantize.imatrix.chunks_count"] = .uint32(UInt32(clamping: importance.chunkCount))
        }
        if let texts = inputs.guidance.texts?.texts {
            metadata["swage.calibration.texts"] = .array(.string(texts.texts.map { ByteString($0.name) }))
            metadata["swage.calibration.context"] = .uint32(UInt32(clamping: texts.cut.context))
        }
        if let hessian = inputs.hessian { metadata.describe(hessian) }
        metadata.describe(inputs: inputs.records)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        metadata[RecipeFile.key] = .string(ByteString(recipe.applying(options).json))
        metadata["swage.types"] = .string(ByteString(try encoder.encode(assignments)))
        return metadata
    }
}
