import ModelArchitecture

/// How the checkpoints of one model family become a ``DecoderPlan`` and its weights.
protocol CheckpointArchitecture: Sendable {
    /// What `config.json` calls it.
    static var classNames: [String] { get }

    /// Which models of that class, for messages; empty for all.
    static var variant: String { get }

    /// What its configuration class takes for keys that `config.json` leaves out.
    static var defaults: ConfigurationDefaults { get }

    /// The GGUF architectures of the same computation, best first.
    static var ggufArchitectures: [GGUFArchitecture] { get }

    /// Whether this type, among those of the same class name, is the one for the checkpoint.
    static func matches(_ description: CheckpointDescription) -> Bool

    /// - Parameter description: with the family's ``defaults``.
    init(_ description: CheckpointDescription) throws

    /// The model as the checkpoint stores it, without padding.
    var plan: DecoderPlan { get }

    /// The tensors that the checkpoint may keep a weight in: the first one that exists is used.
    func storage(of name: TensorName) -> [WeightStorage]

    /// Whether q and k rotate halves and so have to be permuted.
    var rotatesHalves: Bool { get }

    /// Tensors that carry nothing: recomputable buffers.
    func isIgnored(_ tensor: String) -> Bool
}

extension CheckpointArchitecture {
    static var variant: String { "" }

    static func matches(_ description: CheckpointDescription) -> Bool { true }

    var rotatesHalves: Bool { true }

    func isIgnored(_ tensor: String) -> Bool {
        tensor.hasSuffix("rotary_emb.inv_freq") || (plan.tiesOutputToEmbedding && tensor == LlamaStorage.head)
    }
}

extension CheckpointArchitecture {
    /// ``plan`` as llama.cpp can run it.
    func expressedPlan(_ configuration: CheckpointConfiguration) throws -> DecoderPlan {
        do {
            return try plan.expressed(asOneOf: Self.ggufArchitectures)
        } catch {
            throw ArchitectureError(error.kind, key: error.key, file: configuration.path)
        }
    }
}

/// The tensors of a checkpoint that make up one weight.
enum WeightStorage: Sendable {
    /// A tensor for each matrix: the only one, or one for each expert.
    case separate([String])
    /// One tensor of all experts, whose rows are cut into `partCount` equal runs for each expert: here the `part`th.
    case stacked(String, part: Int = 0, partCount: Int = 1)

    /// The first tensor's name.
    var firstName: String? {
        switch self {
        case .separate(let names): names.first
        case .stacked(let name, _, _): name
        }
    }
}
