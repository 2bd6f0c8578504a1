import ModelArchitecture
import TensorCore
import Tokenization

/// A HuggingFace checkpoint directory: its architecture, weights and tokenizer.
public struct Checkpoint: Sendable {
    public let directory: String
    /// The model as it is presented: experts padded.
    public let plan: DecoderPlan
    /// The model as it is stored.
    public let storedPlan: DecoderPlan
    /// The weights under their GGUF names.
    public let tensors: any TensorSource
    public let tokenizer: Tokenizer
    /// The files that the weights come from.
    public let weightFiles: [String]

    /// - Throws: ``CheckpointError`` and the errors of the configuration's, weights' and tokenizer's files.
    public init(directory: String, expertPadding: ExpertPadding) throws {
        let configuration = try CheckpointConfiguration(directory: directory)
        let architecture = try CheckpointArchitectures.architecture(for: configuration, directory: directory)
        let files = try CheckpointWeights(
            directory: directory, scaleBlockShape: configuration.scaleBlockShape)
        self.directory = directory
        storedPlan = architecture.plan
        plan = expertPadding.applied(to: architecture.plan)
        weightFiles = files.files
        tokenizer = try Tokenizer(checkpointDirectory: directory).padded(to: plan.vocabularySize)
        tensors = try CheckpointTensors(files: files, directory: directory, architecture: architecture, plan: plan)
    }

    /// The directory's own name.
    public var name: String {
        var path = directory[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path.split(separator: "/").last.map(String.init) ?? directory
    }
}
