import Checkpoints
import Files
import FoundationEssentials
import GGUF
import Journals
import Manifests
import Models
import Parallelism
import Recipes
import Tensors
import Verification
import WeightEncoding

/// Writes a model as a GGUF of plain or 8-bit weights.
public struct Conversion: Sendable {
    /// The type that matrices are stored in.
    public enum Target: String, Sendable, CaseIterable {
        /// The type that each matrix is stored in already.
        case auto
        /// Single precision.
        case f32
        /// Half precision.
        case f16
        /// The upper half of single precision.
        case bf16
        /// Blocks of 32 weights in 8 bits with a common scale.
        case q8_0
    }

    /// The type that matrices are stored in.
    public var target: Target
    /// What the file calls the model; nil takes the checkpoint's name.
    public var name: String?
    /// Keys that are set in the file, over what the checkpoint says.
    public var metadataFile: MetadataFile?
    /// What the file says of conversations; nil for what the checkpoint says.
    public var chatTemplate: TemplateChoice?
    /// Whether only the vocabulary and the metadata are written.
    public var isVocabularyOnly = false
    /// How to cut the model into files; nil for one.
    public var splitLimits: GGUFSplitLimits?
    /// Whether files that have the names of parts, and are no part of what is written, are replaced; else they are an error.
    public var replacesParts = false
    /// Whether what an earlier run has kept is removed, not gone on with.
    public var isRestarting = false
    /// How much of the file is read again, and compared with the model, when it is written.
    public var verification = WrittenVerification.Extent.sample
    /// The threads that share the work.
    public var parallel: Parallel

    /// A conversion to a type.
    ///
    /// - Parameters:
    ///   - target: The type that matrices are stored in.
    ///   - name: What the file calls the model; nil takes the checkpoint's name.
    ///   - parallel: The threads that share the work.
    public init(target: Target = .auto, name: String? = nil, parallel: Parallel) {
        self.target = target
        self.name = name
        self.parallel = parallel
    }

    /// What was written.
    public struct Outcome: Sendable {
        /// The file, or its parts.
        public let paths: [String]
        /// The number of tensors.
        public let tensorCount: Int
        /// The bytes of the tensors, without the header and what lies between tensors.
        public let tensorByteCount: Int
        /// The bytes of the file, or of all parts together.
        public let fileByteCount: Int
        /// The bits of all tensors, per weight.
        public let bitsPerWeight: Double
    }

    /// The tensors that would be written, in order.
    ///
    /// - Parameter model: The model that is converted.
    /// - Throws: `EncodingError` if they are quantized and would be quantized again.
    public func plan(_ model: Model) throws -> [TensorDescriptor] {
        if isVocabularyOnly { return [] }
        let isRequantized = { (type: TensorType) in type.isQuantized && type != .q8_0 }
        if target == .q8_0, let tensor = model.tensors.tensors.first(where: { isRequantized($0.type) }) {
            throw EncodingError(.alreadyQuantized(tensor.type), file: model.path, tensor: tensor.name)
        }
        let kept = model.tensors.tensors.map(\.plainlyStored)
        guard target != .auto else { return kept }
        return try recipe(for: model).assignments(for: kept, geometry: model.geometry).map(\.tensor)
    }

    /// How long the conversion will take, judged by a sample.
    ///
    /// - Parameter model: The model that is converted.
    public func duration(_ model: Model) throws -> Duration {
        try TimeEstimate.duration(
            source: model.tensors, targets: try plan(model), guidance: EncodingGuidance(), parallel: parallel)
    }

    /// Writes the file.
    ///
    /// - Parameters:
    ///   - model: The model that is converted.
    ///   - output: The file's name; it appears when it is complete. Of parts their name without the number.
    ///   - progress: Receives what the work tells, from any thread.
    /// - Returns: what was written.
    /// - Throws: `EncodingError` for weights that do not fit the type or would be quantized again, what
    ///   ``metadata(of:progress:)`` throws, and errors of reading and writing.
    public func run(_ model: Model, output: String, progress: @escaping ProgressHandler) throws -> Outcome {
        let file = try file(of: model, progress: progress)
        let inputs = EncodingInputs(source: model.tensors)
        let outcome: Outcome
        if let splitLimits {
            let parts = try file.parted(
                PartedOutline(file, limits: splitLimits), to: output, identity: identity(of: model), otherInputs: [],
                parallel: parallel, progress: progress)
            let missing = try parts.missing(
                isRestarting: isRestarting, replacesOthers: replacesParts, progress: progress)
            outcome = try file.write(missing, of: parts, inputs, parallel: parallel, progress: progress)
        } else {
            outcome = try file.write(
                to: output, inputs, identity: identity(of: model), isRestarting: isRestarting, parallel: parallel,
                progress: progress)
        }
        try file.verify(outcome, verification, parallel: parallel, progress: progress)
        return outcome
    }

    /// The file that is to be written.
    func file(of model: Model, progress: ProgressHandler) throws -> ModelFile {
        try ModelFile(model: model, metadata: try metadata(of: model, progress: progress), tensors: try plan(model))
    }

    /// What decides the tensors' bytes beside what the header says.
    func identity(of model: Model) throws -> RunIdentity {
        var identity = RunIdentity()
        identity.add("the model's weights", try Fingerprint.of(model))
        return identity
    }

    /// What the file would say, less where it comes from.
    ///
    /// - Parameters:
    ///   - model: The model that is converted.
    ///   - progress: Is told of a chat template that the checkpoint does not have.
    /// - Throws: `ModelError` for keys of ``metadataFile`` that cannot be set, and errors of the template's file.
    public func metadata(of model: Model, progress: ProgressHandler) throws -> GGUFMetadata {
        var metadata = model.metadata
        let isCopy = target == .auto && model.tensors.tensors.contains { $0.type.isQuantized }
        if !isCopy {
            metadata.removeQuantization()
            metadata["general.file_type"] = .uint32(try recipe(for: model).fileType)
        }
        metadata["general.quantization_version"] = .uint32(QuantizationVersion.current)
        try setTemplate(in: &metadata, model, progress: progress)
        try metadataFile?.apply(to: &metadata, of: model)
        if let metadataFile { metadata.describe(inputs: [try InputRecord("metadata", file: metadataFile.path)]) }
        if let name { metadata["general.name"] = .string(ByteString(name)) }
        return metadata
    }

    /// The recipe that describes the result: what was asked for, or what most of the weights are.
    private func recipe(for model: Model) throws -> Recipe {
        guard target == .auto else { return try Recipe(named: target.rawValue) }
        var bytes: [TensorType: Int] = [:]
        for tensor in model.tensors.tensors where tensor.shape.rank > 1 {
            bytes[tensor.type, default: 0] += tensor.byteCount
        }
        let plain: [TensorType] = [.bf16, .f16, .f32]
        return try Recipe(named: plain.max { bytes[$0, default: 0] < bytes[$1, default: 0] }!.name)
    }
}

/// The version of the block formats, as `general.quantization_version` gives it.
enum QuantizationVersion {
    static let current: UInt32 = 2
}

extension TensorDescriptor {
    /// The tensor as every file stores it before a recipe: vectors and routers in F32, the rest as it is.
    var plainlyStored: TensorDescriptor {
        let isExact = shape.rank == 1 || name.hasSuffix("ffn_gate_inp.weight")
        guard isExact, !type.isQuantized else { return self }
        return TensorDescriptor(name: name, shape: shape, type: .f32) ?? self
    }
}
