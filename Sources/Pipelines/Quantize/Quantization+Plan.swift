import Calibration
import Evaluation
import Files
import Importance
import Journals
import ModelArchitecture
import Models
import Recipes
import WeightEncoding

extension Quantization {
    /// What would be written: every tensor's type and why, and all that it takes to write it.
    public struct Plan: Sendable {
        /// What was asked for.
        public let quantization: Quantization
        /// The model, and what is known of its inputs.
        public let inputs: QuantizationInputs
        /// The type of every tensor and why, in the order of the model's tensors.
        public let assignments: [TypeAssignment]
        /// The bytes of the tensors.
        public let size: SizeEstimate
        /// What the user should know before the result is used.
        public let warnings: [Message]
        /// The importance that the types need and that is missing: writing refuses it; nil if nothing is missing.
        public let missingImportance: RecipeError?
        /// The importance of the tensors that are not fitted to second moments.
        let importance: ImportanceMatrix?
        let hessian: OpenedHessian?
        let file: ModelFile
        /// The parts of a model that is cut; nil for one file.
        let parts: PartedOutline?

        /// Where parts have left what they fitted to texts; nil for the folder beside the output.
        package var calibrationFolder: String?

        /// Bytes of the file that would be written, or of all files together.
        public var fileByteCount: Int { parts?.byteCount ?? file.layout.byteCount }
    }
}

extension Quantization.Plan {
    private var model: Model { inputs.model }

    /// How long writing will take, judged by samples; nil if second moments of a file are fitted to.
    public func duration() throws -> Duration? {
        guard inputs.hessian == nil else { return nil }
        if let texts = inputs.guidance.texts {
            let tokenCount = try texts.texts.windows(model).fitting.reduce(0) { $0 + $1.tokens.count }
            return .seconds(
                try CalibrationEstimate.seconds(
                    file.tensors, model.plan, policy: texts.policy, tokenCount: tokenCount,
                    parallel: quantization.parallel))
        }
        return try TimeEstimate.duration(
            source: model.tensors, targets: file.tensors, guidance: encodingGuidance, parallel: quantization.parallel)
    }

    /// Fails if the texts of the guidance cannot be cut into windows, which writing would find out.
    public func checkTexts() throws { _ = try inputs.guidance.texts?.texts.windows(model) }

    /// What each file would hold, a line each; none if it is one file.
    ///
    /// - Parameter output: The file's name; of parts their name without the number.
    public func listing(of output: String) throws -> [String] { try parts?.listing(output) ?? [] }

    /// Writes the model.
    ///
    /// - Parameters:
    ///   - output: The file's name, which it gets when it is complete; of parts their name without the number.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: what was written.
    /// - Throws: ``missingImportance``, `EncodingError` for weights that do not fit their types, `CalibrationError` if fitting needs more memory than
    ///   it may use or belongs to another run, and errors of reading and writing.
    public func write(to output: String, progress: @escaping ProgressHandler) throws -> Conversion.Outcome {
        if let missingImportance { throw missingImportance }
        for warning in warnings { progress(.warning(warning)) }
        let others = inputs.guidance.paths + quantization.otherInputs
        let parallel = quantization.parallel
        var set: (output: PartedOutput, missing: [Int])?
        if let parts {
            let output = try file.parted(
                parts, to: output, identity: identity, otherInputs: others, parallel: parallel, progress: progress)
            let missing = try output.missing(
                isRestarting: quantization.isRestarting, replacesOthers: quantization.replacesParts, progress: progress)
            set = (output, missing)
        }
        var encoding = EncodingInputs(source: model.tensors, guidance: encodingGuidance, hessian: hessian)
        var spool: CalibrationSpool?
        if let fitting = inputs.guidance.texts, set?.missing.isEmpty != true {
            if set == nil {
                try OutputFile.check(
                    output, inputs: model.inputFiles + others,
                    expectedByteCount: fileByteCount - ResumableGGUF.heldByteCount(of: output))
            }
            let result = try fitting.run(
                model, assignments: assignments, guidance: encodingGuidance, output: output,
                folder: calibrationFolder, kept: set.map { try $0.output.kept(besides: $0.missing) } ?? KeptTensors(),
                isRestarting: quantization.isRestarting, parallel: parallel, progress: progress)
            encoding.source = result.tensors
            spool = result.spool
        }
        let outcome =
            if let set {
                try file.write(set.missing, of: set.output, encoding, parallel: parallel, progress: progress)
            } else {
                try file.write(
                    to: output, encoding, identity: identity, isRestarting: quantization.isRestarting,
                    otherInputs: others, parallel: parallel, progress: progress)
            }
        try file.verify(outcome, quantization.verification, parallel: parallel, progress: progress)
        spool?.remove()
        return outcome
    }

    /// What decides the tensors' bytes beside what the metadata says.
    var identity: RunIdentity {
        get throws {
            let guidance = encodingGuidance
            var identity = RunIdentity()
            identity.add("the model's weights", try Fingerprint.of(model))
            identity.add("the importance matrix", inputs.importance.map(Fingerprint.of) ?? "none")
            if let fitting = inputs.guidance.hessian {
                identity.add("the second moments", try Fingerprint.of(file: fitting.path))
                identity.add("how weights are fitted", "\(fitting.policy)")
            }
            if let fitting = inputs.guidance.texts {
                identity.add("the calibration", try fitting.identity(of: model, file.tensors, guidance))
            }
            for (type, policy) in guidance.policies.sorted(by: { $0.key.name < $1.key.name }) {
                identity.add("the policy of \(type.name)", "\(policy)")
            }
            return identity
        }
    }

    var encodingGuidance: EncodingGuidance {
        var guidance = EncodingGuidance(importance: importance, policies: quantization.policies)
        guard let hessian else { return guidance }
        let embedding = assignments.first { $0.tensor.name == TensorName(.tokenEmbedding).gguf }
        if let embedding { guidance.policies[embedding.type] = hessian.fitting.policy.embedding }
        return guidance
    }
}
