import ByteJSON
import FoundationEssentials
import ModelArchitecture
import Tensors
import Tokenizers

/// A HuggingFace checkpoint directory: its architecture, weights and tokenizer.
public struct Checkpoint: Sendable {
    /// The path of the directory as the caller gave it.
    public let directory: String
    /// The plan of the model as ``tensors`` has it, with padded experts if padding was asked for.
    public let plan: DecoderPlan
    /// The plan of the model as the files have it, without padding.
    public let storedPlan: DecoderPlan
    /// The weights under their GGUF names.
    public let tensors: any TensorSource
    /// The tokenizer, with one token for each row of the embedding.
    public let tokenizer: Tokenizer
    /// The files that the weights come from.
    public let weightFiles: [String]
    /// The stored tensors that the weights are made of; nil if the weights were not read.
    public let content: CheckpointContent?
    /// The stored tensors as weights; nil if they were not asked for.
    package let weights: CheckpointWeights?
    /// What `config.json` says and, for keys that it leaves out, what the family's configuration class takes.
    package let configuration: JSONObject
    /// Whether the model is of the dense XVERSE family.
    package let isXverse: Bool
    /// The choice whether the weights of a token's experts are scaled to sum to 1, as the caller made it.
    public let expertNormalization: ExpertNormalization
    /// Notes for the user about how the checkpoint is read.
    public let notes: [CheckpointNote]

    /// Opens a checkpoint; its weights are read when they are asked for.
    ///
    /// - Parameters:
    ///   - directory: the path of the directory with `config.json`.
    ///   - expertPadding: whether experts are widened with zeros to whole blocks of 256 elements.
    ///   - expertNormalization: whether the weights of a token's experts are scaled to sum to 1.
    ///   - preTokenizer: llama.cpp's name for the way in which a byte-level tokenizer splits words; nil to recognize it
    ///     by the tokenizer's pattern.
    ///   - readsWeights: whether to open the weights; if not, they may be missing, and the model has no tensors.
    /// - Throws: ``CheckpointError`` and the errors of the configuration's, weights' and tokenizer's files.
    public init(
        directory: String, expertPadding: ExpertPadding, expertNormalization: ExpertNormalization = .auto,
        preTokenizer: String? = nil, readsWeights: Bool = true
    ) throws {
        let configuration = try CheckpointConfiguration(directory: directory)
        try CheckpointArchitectures.check(configuration)
        let weights =
            readsWeights
            ? try CheckpointWeights(directory: directory, scaleBlockShape: configuration.scaleBlockShape) : nil
        let description = CheckpointDescription(
            configuration: configuration, tensors: weights, expertNormalization: expertNormalization)
        let architecture = try CheckpointArchitectures.architecture(for: description)
        self.directory = directory
        self.weights = weights
        self.configuration = description.completed(by: type(of: architecture).defaults).configuration.completedObject
        isXverse = architecture is Xverse
        self.expertNormalization = expertNormalization
        storedPlan = try architecture.expressedPlan(configuration)
        guard storedPlan.isCountable else {
            throw CheckpointError(
                .invalidConfigurationValue(
                    key: "hidden_size", found: "\(storedPlan.embeddingLength)",
                    expected: "sizes of fewer than 2^60 weights"), file: configuration.path)
        }
        plan = expertPadding.applied(to: storedPlan)
        let tokenizer = try Tokenizer(
            checkpointDirectory: directory, preTokenizer: preTokenizer, rowCount: plan.vocabularySize)
        do throws(TokenizationError) {
            self.tokenizer = try tokenizer.padded(to: plan.vocabularySize)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? directory + "/tokenizer.json")
        }
        let completed = description.completed(by: type(of: architecture).defaults)
        var notes = try completed.notes(about: architecture.plan)
        guard let weights else {
            (tensors, weightFiles, content) = (NoTensors(), [], nil)
            self.notes = notes
            return
        }
        let filed: CheckpointTensors
        do {
            filed = try CheckpointTensors(
                files: weights, directory: directory, architecture: architecture, plan: plan.withoutFrequencyFactors)
        } catch let error as CheckpointError {
            throw try completed.explanation(of: error)
        }
        notes += weights.notes + filed.notes
        self.notes = notes
        weightFiles = weights.files
        content = filed.content
        tensors =
            plan.rope.hasFrequencyFactors
            ? RotaryFactorTensors(filed, rope: architecture.plan.rope, configurationPath: configuration.path) : filed
    }

    /// The files beside the weights that say what the model and its tokenizer are, by name; those that exist.
    public var configurationFiles: [String] {
        Tokenizer.checkpointFileNames.map { "\(directory)/\($0)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
    }
}

extension DecoderPlan {
    /// What the files hold of it: frequency factors are computed from the configuration.
    fileprivate var withoutFrequencyFactors: DecoderPlan {
        var plan = self
        plan.rope.hasFrequencyFactors = false
        return plan
    }
}

/// The weights of a checkpoint that were not asked for.
private struct NoTensors: TensorSource {
    let tensors: [TensorDescriptor] = []

    func readRows(ofTensorAt index: Int, rows: Range<Int>, into buffer: UnsafeMutableRawBufferPointer) {
        preconditionFailure("there are no tensors")
    }

    func origin(ofTensorAt index: Int, row: Int) -> RowOrigin { preconditionFailure("there are no tensors") }
}
