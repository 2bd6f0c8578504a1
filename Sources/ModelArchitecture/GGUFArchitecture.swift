/// The GGUF architectures that a ``DecoderPlan`` can be read from.
enum GGUFArchitecture: String, CaseIterable {
    /// Softmax router, ungated shared experts, neighbouring-pair rope: also what XVERSE-MoE computes.
    case bailingMoE = "bailingmoe"
}
