import ModelArchitecture

/// How the checkpoints of one model family become a ``DecoderPlan`` and its weights.
protocol CheckpointArchitecture: Sendable {
    /// What `config.json` calls it.
    static var className: String { get }

    /// Which models of that class, for messages.
    static var variant: String { get }

    /// Whether this type, among those of the same class name, is the one for `configuration`.
    static func matches(_ configuration: CheckpointConfiguration) -> Bool

    init(_ configuration: CheckpointConfiguration) throws

    /// The model as the checkpoint stores it, without padding.
    var plan: DecoderPlan { get }

    /// The checkpoint's tensors that make up a weight: one, or one for each expert.
    func sources(of name: TensorName) -> [String]

    /// Whether q and k rotate halves and so have to be permuted.
    var rotatesHalves: Bool { get }

    /// Tensors that carry nothing: recomputable buffers.
    func isIgnored(_ tensor: String) -> Bool
}

/// The families that can be read. A new one is a file in `Architectures/` and a line here.
enum CheckpointArchitectures {
    static let all: [any CheckpointArchitecture.Type] = [XverseMoE.self]

    static func architecture(
        for configuration: CheckpointConfiguration, directory: String
    ) throws -> any CheckpointArchitecture {
        let names = configuration.architectures
        for type in all where names.contains(type.className) && type.matches(configuration) {
            return try type.init(configuration)
        }
        let known = all.map { "\($0.className) \($0.variant)" }
        throw CheckpointError(.unsupportedArchitecture(found: names, known: known), file: configuration.path)
    }
}
