import ModelArchitecture

/// The dense XVERSE-7B, 13B and 65B: Llama under names of its own.
///
/// Written as `xverse`, or as `llama` where llama.cpp's `xverse` has no place for the variant.
struct Xverse: LlamaNamed {
    static let classNames = ["XverseForCausalLM"]
    static let variant = "without num_experts"
    static let defaults = ConfigurationDefaultsTables.xverse
    static let ggufArchitectures: [GGUFArchitecture] = [.xverse, .llama]

    let plan: DecoderPlan

    /// XVERSE-MoE shares the class name and has experts.
    static func matches(_ description: CheckpointDescription) -> Bool { !XverseMoE.matches(description) }

    init(_ description: CheckpointDescription) throws {
        plan = try description.decoderPlan(
            .xverse, feedForward: .dense(length: description.configuration.count("intermediate_size")))
    }
}
