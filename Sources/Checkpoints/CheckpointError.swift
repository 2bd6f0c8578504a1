import TensorCore

/// A checkpoint directory that cannot be read as a model.
public struct CheckpointError: DiagnosticError, Equatable {
    public enum Kind: Sendable, Equatable {
        /// The directory has no `config.json`.
        case notACheckpoint
        case unsupportedArchitecture(found: [String], known: [String])
        case missingConfigurationKey(String)
        case invalidConfigurationValue(key: String, found: String, expected: String)
        case missingTensor
        case wrongShape(found: [Int], expected: [Int])
        /// Tensors of the checkpoint that the architecture does not know.
        case unknownTensors([String])
        /// The experts' copies of one matrix differ in type.
        case mixedTypes(String, String)
        /// The directory has neither safetensors files nor those of `torch.save`.
        case noWeights
        /// The elements are of a type that weights do not have.
        case notWeights(type: String)
        case noElements(shape: [Int])
        /// 8-bit floats without the scales that give them their magnitude.
        case missingScales
        case severalScales([String])
        case invalidScales(type: String, shape: [Int], weights: [Int])
    }

    public let kind: Kind
    /// The checkpoint directory or a file in it.
    public let file: String
    /// The checkpoint's tensor concerned.
    public let tensor: String?

    public init(_ kind: Kind, file: String, tensor: String? = nil) {
        self.kind = kind
        self.file = file
        self.tensor = tensor
    }

    public var diagnostic: Diagnostic {
        func input(_ problem: String, place: String? = nil, advice: String? = nil) -> Diagnostic {
            Diagnostic(.input, file: file, place: place ?? tensor, problem, advice: advice)
        }
        switch kind {
        case .notACheckpoint:
            return input(
                "there is no config.json here", advice: "give a HuggingFace checkpoint directory or a GGUF file")
        case .unsupportedArchitecture(let found, let known):
            return input(
                found.isEmpty ? "none is named" : "\(found.joined(separator: ", ")) in this form is not supported",
                place: "architectures",
                advice: "supported: " + known.joined(separator: ", "))
        case .missingConfigurationKey(let key):
            return input("the key is missing", place: key, advice: "download the checkpoint's config.json again")
        case .invalidConfigurationValue(let key, let found, let expected):
            return input(
                "found \(found), expected \(expected)", place: key,
                advice: "check that config.json is the one that was published with these weights")
        case .missingTensor:
            return input("the checkpoint has no such tensor", advice: "check that every shard was downloaded")
        case .wrongShape(let found, let expected):
            return input(
                "the shape is \(found), config.json calls for \(expected)",
                advice: "the configuration and the weights do not belong together")
        case .unknownTensors(let names):
            let listed = names.prefix(5).joined(separator: ", ") + (names.count > 5 ? ", …" : "")
            return input(
                "not part of this architecture: \(names.count) \(names.count == 1 ? "tensor" : "tensors") (\(listed))",
                advice: "the model would be incomplete without them; this variant is not supported")
        case .mixedTypes(let first, let other):
            return input(
                "stored as \(other), other experts' matrices as \(first)",
                advice: "download the checkpoint again; all experts of a layer must have one type")
        case .noWeights:
            return input(
                "there are no weights here: neither model.safetensors nor pytorch_model.bin nor an index of shards",
                advice: "download the checkpoint's weights into this folder")
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
}
