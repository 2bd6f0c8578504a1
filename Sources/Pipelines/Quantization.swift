import BlockFormats
import Files
import FoundationEssentials
import GGUFContainer
import Importance
import ModelArchitecture
import Models
import Parallelism
import Recipes
import Tensors

/// Writes a model with the types that a recipe gives its tensors, guided by an importance matrix.
public struct Quantization: Sendable {
    public var recipe: Recipe
    public var options: RecipeOptions
    public var importancePath: String?
    /// Whether weights that are quantized already may be encoded again.
    public var allowsRequantization: Bool
    /// Files besides the model's and the importance matrix that the output must not replace, such as a recipe.
    public var otherInputs: [String] = []
    /// Policies of encoders that differ from the types' defaults, for experiments.
    public var policies: [TensorType: EncodingPolicy] = [:]
    /// Texts that the model's matrices are fitted to, with error feedback; nil for none.
    public var calibration: CalibratedQuantization?
    /// Second moments that the model's matrices are fitted to; nil for none, and with ``calibration``.
    public var hessian: HessianFitting?
    /// How to cut the model into files, of which those that are there already from the same inputs are kept; nil for one
    /// file.
    public var splitLimits: GGUFSplitLimits?
    public var parallel: Parallel

    public init(
        recipe: Recipe, options: RecipeOptions = RecipeOptions(), importancePath: String? = nil,
        allowsRequantization: Bool = false, parallel: Parallel
    ) {
        self.recipe = recipe
        self.options = options
        self.importancePath = importancePath
        self.allowsRequantization = allowsRequantization
        self.parallel = parallel
    }

    /// What would be written: every tensor's type and why.
    public struct Plan: Sendable {
        public let assignments: [TypeAssignment]
        public let size: SizeEstimate
        /// Bytes of the file that would be written, or of all files together.
        public let fileByteCount: Int
        /// What the user should know before the result is used.
        public let warnings: [String]
        let importance: ImportanceMatrix?
        let hessian: OpenedHessian?
    }

    /// Decides every tensor's type and checks that it can be done.
    public func plan(_ model: Model) throws -> Plan {
        let importance = try importancePath.map {
            try ImportanceMatrix(contentsOf: $0).padded(like: model.tensors.tensors)
        }
        var options = options
        options.hasImportance = importance != nil || calibration != nil || hessian != nil
        let assignments = try recipe.assignments(
            for: model.tensors.tensors.map(\.plainlyStored), geometry: model.geometry, options: options)
        let opened = try hessian.map { try OpenedHessian($0, model: model, assignments: assignments) }
        let known = opened.map { $0.rest(of: importance) } ?? importance
        do {
            if calibration == nil {
                try RecipeError.demandImportance(for: assignments) {
                    known?.entries[$0] != nil || opened?.fitted[$0] != nil
                }
            }
            for assignment in assignments where assignment.type.isQuantized {
                _ = try known?.stackWeights(for: assignment.tensor)
            }
        } catch let error as any DiagnosticError {
            throw importancePath.map { ErrorInFile(path: $0, underlying: error) } ?? error
        }
        for assignment in assignments {
            guard BlockFormats.codec(for: assignment.type) != nil else {
                throw PipelineError(.unsupportedTarget(assignment.type), tensor: assignment.tensor.name)
            }
            guard assignment.sourceType.isQuantized, assignment.type != assignment.sourceType,
                !allowsRequantization
            else { continue }
            throw PipelineError(
                .alreadyQuantized(assignment.sourceType), file: model.path, tensor: assignment.tensor.name)
        }
        let file = try file(model, assignments: assignments, importance: importance, opened)
        return Plan(
            assignments: assignments, size: try SizeEstimate(assignments),
            fileByteCount: try splitLimits.map { try file.outline(limits: $0).byteCount } ?? file.byteCount,
            warnings: try warnings(about: assignments, of: model, importance: known)
                + (opened?.warnings(about: model) ?? [])
                + warnings(aboutImportance: importance, assignments, model, fitted: opened),
            importance: importance, hessian: opened)
    }

    /// How long it will take, judged by a sample.
    public func duration(_ model: Model, plan: Plan) throws -> Duration {
        try TimeEstimate.duration(
            source: model.tensors, targets: plan.assignments.map(\.tensor), guidance: guidance(plan),
            parallel: parallel)
    }

    /// - Parameter output: the file's name, which it gets when it is complete; of parts their name without the number.
    public func run(
        _ model: Model, plan: Plan, output: String, progress: @escaping ProgressHandler
    ) throws -> Conversion.Outcome {
        for warning in plan.warnings { progress(.warning(warning)) }
        var file = try file(model, assignments: plan.assignments, importance: plan.importance, plan.hessian)
        let inputs =
            [importancePath, hessian?.path].compactMap { $0 } + otherInputs
            + (calibration?.texts.compactMap(\.path) ?? [])
        var parted: (output: PartedOutput, missing: [Int])?
        if let splitLimits {
            let set = try file.parted(
                to: output, limits: splitLimits, identity: identity(of: model, plan), otherInputs: inputs,
                parallel: parallel, progress: progress)
            parted = (set, try set.missing(progress: progress))
        }
        var spool: CalibrationSpool?
        if let calibration, parted?.missing.isEmpty != true {
            if parted == nil {
                try OutputFile.check(output, inputs: model.inputFiles + inputs, expectedByteCount: plan.fileByteCount)
            }
            let result = try calibration.run(
                model, assignments: plan.assignments, guidance: guidance(plan), output: output,
                kept: parted.map { try $0.output.kept(besides: $0.missing) } ?? KeptTensors(), parallel: parallel,
                progress: progress)
            file.model.tensors = result.tensors
            spool = result.spool
        }
        let outcome =
            if let parted {
                try file.write(
                    parted.missing, of: parted.output, guidance: guidance(plan), parallel: parallel, progress: progress)
            } else {
                try file.write(
                    to: output, guidance: guidance(plan), otherInputs: inputs, parallel: parallel, progress: progress)
            }
        spool?.remove()
        return outcome
    }

    /// What each file would hold, a line each; none if it is one file.
    ///
    /// - Parameter output: as for ``run(_:plan:output:progress:)``.
    public func parts(of model: Model, plan: Plan, output: String) throws -> [String] {
        guard let splitLimits else { return [] }
        return try file(model, assignments: plan.assignments, importance: plan.importance, plan.hessian)
            .outline(prefix: output, limits: splitLimits).listing
    }

    /// What decides the tensors' bytes beside what the metadata says, a line each.
    private func identity(of model: Model, _ plan: Plan) throws -> String {
        let guidance = guidance(plan)
        var lines = [try Fingerprint.of(model), "importance \(plan.importance.map(Fingerprint.of) ?? "none")"]
        if let hessian {
            lines += ["second moments \(try Fingerprint.of(file: hessian.path))", "\(hessian.policy)"]
        }
        if let calibration {
            lines.append(try calibration.identity(of: model, plan.assignments.map(\.tensor), guidance))
        }
        return (lines + guidance.policies.map { "\($0.name) \($1)" }.sorted()).joined(separator: "\n")
    }

    private func guidance(_ plan: Plan) -> EncodingGuidance {
        var guidance = EncodingGuidance(importance: plan.importance, policies: policies, hessian: plan.hessian)
        guard let hessian = plan.hessian else { return guidance }
        guidance.importance = hessian.rest(of: plan.importance)
        let embedding = plan.assignments.first { $0.tensor.name == TensorName(.tokenEmbedding).gguf }
        if let embedding { guidance.policies[embedding.type] = hessian.fitting.policy.embedding }
        return guidance
    }

    /// The file that is to be written.
    private func file(
        _ model: Model, assignments: [TypeAssignment], importance: ImportanceMatrix?, _ hessian: OpenedHessian?
    ) throws -> ModelFile {
        var metadata = model.metadata
        metadata.removeQuantization()
        metadata["general.file_type"] = .uint32(recipe.fileType)
        metadata["general.quantization_version"] = .uint32(QuantizationVersion.current)
        if let importance, let importancePath {
            metadata["quantize.imatrix.file"] = .string(ByteString(Provenance.lastComponent(importancePath)))
            metadata["quantize.imatrix.dataset"] = .string(ByteString(importance.datasets.joined(separator: ", ")))
            metadata["quantize.imatrix.entries_count"] = .uint32(UInt32(importance.entries.count))
            metadata["quantize.imatrix.chunks_count"] = .uint32(UInt32(clamping: importance.chunkCount))
        }
        if let calibration {
            metadata["swage.calibration.texts"] = .array(.string(calibration.texts.map { ByteString($0.name) }))
            metadata["swage.calibration.context"] = .uint32(UInt32(clamping: calibration.cut.context))
        }
        if let hessian { metadata.describe(hessian) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        metadata[RecipeFile.key] = .string(ByteString(recipe.applying(options).json))
        metadata["swage.types"] = .string(ByteString(try encoder.encode(assignments)))
        return ModelFile(model: model, metadata: metadata, tensors: assignments.map(\.tensor))
    }
}
