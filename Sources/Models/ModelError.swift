import Files

/// An error of a model that cannot be opened as it was asked for, or of metadata that a file of it cannot hold.
public struct ModelError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was asked for.
    public enum Kind: Sendable, Equatable {
        /// The path is neither a checkpoint directory nor a file.
        case noSuchModel
        /// The file is a GGUF, but not of a model.
        case notAModel(type: String)
        /// Padding was asked for, and the model is a GGUF: only the experts of a checkpoint can be padded.
        case cannotPad(length: Int)
        /// The weights of experts are not normalized as was asked for, which can be chosen for checkpoints only, or there are
        /// no experts.
        case cannotNormalize(hasExperts: Bool)
        /// A GGUF has another pre-tokenizer than was asked for.
        case otherPreTokenizer(found: String, asked: String)
        /// The parts of the model were to be kept, and it is a checkpoint, whose shards are not parts of a GGUF.
        case noSplitToKeep
        /// The metadata of a file cannot be set in the model.
        case metadata(MetadataProblem)
    }

    /// What is wrong.
    public let kind: Kind
    /// The model's path, or that of the file of metadata.
    public let file: String
    /// The metadata key concerned, if there is one.
    public let key: String?

    init(_ kind: Kind, file: String, key: String? = nil) {
        self.kind = kind
        self.file = file
        self.key = key
    }

    /// The error in words: file, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        func report(_ fault: Diagnostic.Fault, _ problem: String, advice: Message) -> Diagnostic {
            Diagnostic(fault, file: file, problem, advice: advice)
        }
        return switch kind {
        case .noSuchModel:
            report(
                .input, "there is no such file or directory",
                advice: MissingFile.advice(on: file)
                    ?? "give a HuggingFace checkpoint directory or a GGUF file")
        case .notAModel(let type):
            report(
                .input, "this GGUF holds \"\(type)\", not a model",
                advice: "give a HuggingFace checkpoint directory or the GGUF file of a model")
        case .cannotPad(let length):
            report(
                .usage, "the experts of a GGUF file are taken as they are, \(length) wide",
                advice: "pass \(.expertPadding, "on") with the checkpoint")
        case .cannotNormalize(let hasExperts):
            report(
                .usage,
                hasExperts
                    ? "the file says of its experts' weights what was asked for contradicts"
                    : "the model has no experts whose weights could be normalised or not",
                advice: hasExperts
                    ? "convert the checkpoint again with that \(.expertNormalization)"
                    : "leave out \(.expertNormalization)")
        case .otherPreTokenizer(let found, let asked):
            report(
                .usage, "the file's pre-tokenizer is \"\(found)\", not \"\(asked)\"",
                advice: "pass \(.preTokenizer) with the checkpoint, or leave it out")
        case .noSplitToKeep:
            report(
                .usage, "a checkpoint is not split as a GGUF is",
                advice: "say how large parts may be, with \(.splitSizeLimit) or \(.splitTensorLimit)")
        case .metadata(let problem): problem.diagnostic(file: file, key: key)
        }
    }
}
