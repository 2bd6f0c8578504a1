import ModelArchitecture

/// The dense XVERSE-7B, 13B and 65B: Llama under names of its own.
///
/// Written as `xverse`, or as `llama` where llama.cpp's `xverse` has no place for the variant.
struct Xverse: LlamaNamed {
    static let className = "XverseForCausalLM"
    static let variant = "without num_experts"
    static let ggufArchitectures: [GGUFArchitecture] = [.xverse, .llama]

    let plan: DecoderPlan

    /// XVERSE-MoE shares the class name and has experts.
    static func matches(_ configuration: CheckpointConfiguration) -> Bool { !configuration.has("num_experts") }

    init(_ configuration: CheckpointConfiguration) throws {
        plan = try configuration.decoderPlan(
            .xverse, feedForward: .dense(length: configuration.count("intermediate_size")))
    }
}
