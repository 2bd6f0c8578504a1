import ModelArchitecture

/// Llama 2 and 3, and the many models published under their class.
struct Llama: LlamaNamed {
    static let className = "LlamaForCausalLM"
    static let ggufArchitectures: [GGUFArchitecture] = [.llama]

    let plan: DecoderPlan

    init(_ configuration: CheckpointConfiguration) throws {
        plan = try configuration.decoderPlan(
            .llama, feedForward: .dense(length: configuration.count("intermediate_size")))
    }
}
