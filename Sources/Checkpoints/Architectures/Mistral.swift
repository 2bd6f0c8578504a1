import ModelArchitecture

/// Mistral 7B and its relatives: Llama, as far as the sliding window reaches.
struct Mistral: LlamaNamed {
    static let classNames = ["MistralForCausalLM"]
    static let defaults = ConfigurationDefaultsTables.mistral
    static let ggufArchitectures: [GGUFArchitecture] = [.llama]

    let plan: DecoderPlan

    init(_ description: CheckpointDescription) throws {
        plan = try description.decoderPlan(
            .llama, feedForward: .dense(length: description.configuration.count("intermediate_size")))
    }
}
