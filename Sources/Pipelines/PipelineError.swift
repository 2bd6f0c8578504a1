import TensorCore

/// A use case that cannot be carried out on its inputs.
public struct PipelineError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The path is neither a checkpoint directory nor a file.
        case noSuchModel
        /// The file is a GGUF, but not of a model.
        case notAModel(type: String)
        /// A weight is infinite or not a number.
        case nonFiniteWeight(element: Int, value: Float)
        /// A weight does not fit the type it is to be stored in.
        case weightOutOfRange(element: Int, value: Float, type: TensorType)
        /// No encoder or decoder exists for the type.
        case unsupportedType(TensorType)
        /// Quantized weights would be quantized again.
        case alreadyQuantized(TensorType)
        /// The output would overwrite an input.
        case outputIsInput
        case noTexts
        /// A metadata file holds something else.
        case notMetadata(String)
    }

    public let kind: Kind
    public let file: String?
    /// The tensor concerned.
    public let tensor: String?

    public init(_ kind: Kind, file: String? = nil, tensor: String? = nil) {
        self.kind = kind
        self.file = file
        self.tensor = tensor
    }

    public var diagnostic: Diagnostic {
        func report(_ fault: Diagnostic.Fault, _ problem: String, advice: String? = nil) -> Diagnostic {
            Diagnostic(fault, file: file, place: tensor, problem, advice: advice)
        }
        return switch kind {
        case .noSuchModel:
            report(
                .input, "there is no such file or directory",
                advice: "give a HuggingFace checkpoint directory or a GGUF file")
        case .notAModel(let type):
            report(.input, "this GGUF holds \"\(type)\", not a model")
        case .nonFiniteWeight(let element, let value):
            report(
                .input, "element \(element) is \(value)",
                advice: "download the checkpoint again; if the published file has it, the model cannot be used")
        case .weightOutOfRange(let element, let value, let type):
            report(.usage, "element \(element) is \(value), too large for \(type.name)", advice: "use bf16 or f32")
        case .unsupportedType(let type):
            report(.input, "the type \(type.name) is not supported")
        case .alreadyQuantized(let type):
            report(
                .usage, "the weights are quantized already, as \(type.name)",
                advice: "start from the original model, or pass --allow-requantize and accept the loss")
        case .outputIsInput:
            report(.usage, "the output is also an input", advice: "choose another name")
        case .notMetadata(let expected):
            report(.input, expected)
        case .noTexts:
            report(.usage, "no text was given", advice: "name at least one with --text")
        }
    }
}
