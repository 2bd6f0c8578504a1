import ModelArchitecture

/// Mistral 7B and its relatives: Llama, where the sliding window covers the whole context.
struct Mistral: LlamaNamed {
    static let className = "MistralForCausalLM"
    static let ggufArchitectures: [GGUFArchitecture] = [.llama]

    let plan: DecoderPlan

    init(_ configuration: CheckpointConfiguration) throws {
        plan = try configuration.decoderPlan(
            .llama, feedForward: .dense(length: configuration.count("intermediate_size")))
    }
}
