import Files

/// An error of a checkpoint directory that cannot be read as a model.
public struct CheckpointError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The directory has no `config.json`; it may have GGUF files.
        case notACheckpoint(ggufFiles: [String])
        /// No model class of the checkpoint is known.
        case unsupportedArchitecture(found: [String], known: [String])
        /// The configuration lacks a key, which has no default.
        case missingConfigurationKey(String)
        /// The configuration has a value that the key cannot have.
        case invalidConfigurationValue(key: String, found: String, expected: String)
        /// The checkpoint lacks a tensor of its architecture.
        case missingTensor
        /// The tensor has another shape, slowest dimension first, than the configuration implies.
        case wrongShape(found: [Int], expected: [Int])
        /// The checkpoint has tensors that the architecture does not know.
        case unknownTensors([String])
        /// The weights are packed by a quantization method, and cannot be read as numbers; `problem` says why.
        case packedWeights(method: String, problem: String)
        /// The directory has neither safetensors files nor those of `torch.save`; it may have GGUF files.
        case noWeights(ggufFiles: [String])
        /// The elements are of a type that weights do not have.
        case notWeights(type: String)
        /// The tensor has no elements, since a dimension is 0.
        case noElements(shape: [Int])
        /// The tensor has 8-bit floats, and the scales that give them their magnitude are missing.
        case missingScales
        /// The tensor has scales under several names.
        case severalScales([String])
        /// The scales of the tensor are of a type or shape that does not go with its weights.
        case invalidScales(type: String, shape: [Int], weights: [Int])
    }

    /// What is wrong, with what was found and what was expected.
    public let kind: Kind
    /// The checkpoint directory or a file in it.
    public let file: String
    /// The checkpoint's tensor concerned.
    public let tensor: String?
    /// Values that were taken for keys that `config.json` leaves out, such as `hidden_size = 4096`.
    public var assumptions: [String] = []

    /// Makes the error of a file, or of one tensor of the checkpoint.
    public init(_ kind: Kind, file: String, tensor: String? = nil) {
        self.kind = kind
        self.file = file
        self.tensor = tensor
    }

    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        func input(_ problem: String, place: String? = nil, advice: Message? = nil) -> Diagnostic {
            Diagnostic(.input, file: file, place: place ?? tensor, problem, advice: advice)
        }
        switch kind {
        case .notACheckpoint(let files):
            return input(
                "there is no config.json here",
                advice: Self.advice(files) ?? "give a HuggingFace checkpoint directory or a GGUF file")
        case .unsupportedArchitecture(let found, let known):
            return input(
                found.isEmpty ? "none is named" : "\(found.joined(separator: ", ")) in this form is not supported",
                place: "architectures",
                advice: "supported: \(known.joined(separator: ", "))")
        case .missingConfigurationKey(let key):
            return input("the key is missing", place: key, advice: "download the checkpoint's config.json again")
        case .invalidConfigurationValue(let key, let found, let expected):
            return input(
                "found \(found), expected \(expected)", place: key,
                advice: "check that config.json is the one that was published with these weights")
        case .missingTensor:
            return input(
                "the checkpoint has no such tensor",
                advice: assumptionAdvice ?? "check that every shard was downloaded")
        case .wrongShape(let found, let expected):
            return input(
                "the shape is \(found), config.json calls for \(expected)",
                advice: assumptionAdvice ?? "the configuration and the weights do not belong together")
        case .unknownTensors(let names):
            let listed = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
            return input(
                "not part of this architecture: \(names.count) \(names.count == 1 ? "tensor" : "tensors") (\(listed))",
                advice: assumptionAdvice
                    ?? "the model would be incomplete without them; this variant is not supported")
        case .packedWeights(let method, let problem):
            return input(
                "the weights are quantized by \(method), which cannot be read: \(problem)",
                advice: "take the checkpoint that was quantized, in BF16, F16, F32 or FP8 (E4M3), and quantize that")
        case .noWeights(let files):
            return input(
                "there are no weights here: neither model.safetensors nor pytorch_model.bin nor shards of them",
                advice: Self.advice(files) ?? "download the checkpoint's weights into this folder")
        case .notWeights(let type):
            return input(
                "elements of type \(type) cannot be used as weights",
                advice: "use a checkpoint in BF16, F16, F32, F64 or FP8 (E4M3)")
        case .noElements(let shape):
            return input("a tensor of shape \(shape) has no elements to use as weights")
        case .missingScales:
            let names = WeightScales.suffixes.map { (tensor ?? "") + $0 }.joined(separator: " nor ")
            return input(
                "FP8 weights without scales: the checkpoint has neither \(names)",
                advice: "check that every shard was downloaded")
        case .severalScales(let names):
            return input("several scales for the same weights: \(names.joined(separator: ", "))")
        case .invalidScales(let type, let shape, let weights):
            return input(
                "\(type) of shape \(shape) cannot be the scales of weights of shape \(weights)",
                advice: "expected: F32, F16 or BF16; one, one for each row, or one for each block as config.json says")
        }
    }

    /// What to do where `config.json` leaves out what may be wrong.
    private var assumptionAdvice: Message? {
        guard !assumptions.isEmpty else { return nil }
        return "config.json leaves keys out, for which the defaults of the model's class were taken: "
            + "\(assumptions.joined(separator: ", ")); set those that are others for these weights"
    }

    /// What to do with a folder of GGUF files.
    private static func advice(_ ggufFiles: [String]) -> Message? {
        guard let first = ggufFiles.first else { return nil }
        return ggufFiles.count == 1
            ? "the folder holds the GGUF file \(first): give the path of that file"
            : "the folder holds \(ggufFiles.count) GGUF files: give the path of one, such as \(first)"
    }
}
