import ModelArchitecture

/// Llama 2 and 3, and the many models published under their class.
struct Llama: LlamaNamed {
    static let classNames = ["LlamaForCausalLM"]
    static let defaults = ConfigurationDefaultsTables.llama
    static let ggufArchitectures: [GGUFArchitecture] = [.llama]

    let plan: DecoderPlan

    init(_ description: CheckpointDescription) throws {
        plan = try description.decoderPlan(
            .llama, feedForward: .dense(length: description.configuration.count("intermediate_size")))
    }
}
