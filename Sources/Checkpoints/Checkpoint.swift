import ModelArchitecture
import TensorCore
import Tokenization

/// A HuggingFace checkpoint directory: its architecture, weights and tokenizer.
public struct Checkpoint: Sendable {
    public let directory: String
    /// The model as it is presented: experts padded.
    public let plan: DecoderPlan
    /// The same without padding.
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
        storedPlan = try architecture.expressedPlan(configuration)
        plan = expertPadding.applied(to: storedPlan)
        weightFiles = files.files
        let tokenizer = try Tokenizer(checkpointDirectory: directory)
        do throws(TokenizationError) {
            self.tokenizer = try tokenizer.padded(to: plan.vocabularySize)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? directory + "/tokenizer.json")
        }
        var filedPlan = plan
        filedPlan.rope.hasFrequencyFactors = false
        let filed = try CheckpointTensors(
            files: files, directory: directory, architecture: architecture, plan: filedPlan)
        tensors =
            plan.rope.hasFrequencyFactors
            ? RotaryFactorTensors(
                filed, rope: architecture.plan.rope, configurationPath: configuration.path) : filed
    }

    /// The directory's own name.
    public var name: String {
        var path = directory[...]
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        return path.split(separator: "/").last.map(String.init) ?? directory
    }
}
