import FoundationEssentials
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
    /// What the weights are made of; nil without them.
    public let content: CheckpointContent?

    /// - Parameters:
    ///   - preTokenizer: how a byte-level tokenizer splits words, by llama.cpp's name; nil to see it from its pattern.
    ///   - readsWeights: without it the weights may be missing, and the model has no tensors.
    /// - Throws: ``CheckpointError`` and the errors of the configuration's, weights' and tokenizer's files.
    public init(
        directory: String, expertPadding: ExpertPadding, preTokenizer: String? = nil, readsWeights: Bool = true
    ) throws {
        let configuration = try CheckpointConfiguration(directory: directory)
        let architecture = try CheckpointArchitectures.architecture(for: configuration, directory: directory)
        self.directory = directory
        storedPlan = try architecture.expressedPlan(configuration)
        plan = expertPadding.applied(to: storedPlan)
        let tokenizer = try Tokenizer(
            checkpointDirectory: directory, preTokenizer: preTokenizer, rowCount: plan.vocabularySize)
        do throws(TokenizationError) {
            self.tokenizer = try tokenizer.padded(to: plan.vocabularySize)
        } catch {
            throw TokenizationError(error.kind, file: error.file ?? directory + "/tokenizer.json")
        }
        (tensors, weightFiles, content) =
            readsWeights
            ? try Self.weights(architecture, configuration, plan: plan, directory: directory) : (NoTensors(), [], nil)
    }

    private static func weights(
        _ architecture: any CheckpointArchitecture, _ configuration: CheckpointConfiguration, plan: DecoderPlan,
        directory: String
    ) throws -> (any TensorSource, files: [String], CheckpointContent) {
        let files = try CheckpointWeights(directory: directory, scaleBlockShape: configuration.scaleBlockShape)
        var filedPlan = plan
        filedPlan.rope.hasFrequencyFactors = false
        let filed = try CheckpointTensors(
            files: files, directory: directory, architecture: architecture, plan: filedPlan)
        guard plan.rope.hasFrequencyFactors else { return (filed, files.files, filed.content) }
        let all = RotaryFactorTensors(filed, rope: architecture.plan.rope, configurationPath: configuration.path)
        return (all, files.files, filed.content)
    }

    /// The files beside the weights that say what the model and its tokenizer are, by name; those that exist.
    public var configurationFiles: [String] {
        Tokenizer.checkpointFileNames.map { "\(directory)/\($0)" }
            .filter { FileManager.default.fileExists(atPath: $0) }
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
