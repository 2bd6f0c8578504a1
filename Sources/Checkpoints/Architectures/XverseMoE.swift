import ModelArchitecture

/// XVERSE-MoE-A4.2B, its chat version and XVERSE-Ent: fine-grained routed experts beside ungated shared ones.
///
/// Written as `bailingmoe`, the llama.cpp architecture of the same computation.
struct XverseMoE: CheckpointArchitecture {
    static let className = "XverseForCausalLM"
    static let variant = "with num_experts"

    let plan: DecoderPlan
    let rotatesHalves = true

    /// The dense XVERSE models share the class name and have no experts.
    static func matches(_ configuration: CheckpointConfiguration) -> Bool { configuration.has("num_experts") }

    init(_ configuration: CheckpointConfiguration) throws {
        try configuration.require("hidden_act", is: "silu")
        try configuration.refuse("rope_scaling", because: "no rope scaling")
        let width = try configuration.count("hidden_size")
        let headCount = try configuration.count("num_attention_heads")
        let headLength = try configuration.count("head_dim", default: width / headCount)
        let keyValueHeadCount = try configuration.count("num_key_value_heads", default: headCount)
        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw configuration.invalid("num_key_value_heads", "a divisor of num_attention_heads (\(headCount))")
        }
        let isHeadLengthGiven = configuration.has("head_dim")
        guard headLength.isMultiple(of: 2), isHeadLengthGiven || headLength * headCount == width else {
            throw isHeadLengthGiven
                ? configuration.invalid("head_dim", "an even number")
                : configuration.invalid("hidden_size", "an even multiple of num_attention_heads (\(headCount))")
        }
        let expertCount = try configuration.count("num_experts", limit: CheckpointConfiguration.tensorCountLimit)
        let usedCount = try configuration.count("moe_top_k")
        guard usedCount <= expertCount else {
            throw configuration.invalid("moe_top_k", "at most num_experts (\(expertCount))")
        }
        plan = DecoderPlan(
            architecture: "bailingmoe",
            layerCount: try configuration.count(
                "num_hidden_layers", limit: CheckpointConfiguration.tensorCountLimit),
            embeddingLength: width,
            contextLength: try configuration.count("max_position_embeddings"),
            vocabularySize: try configuration.count("vocab_size"),
            attention: .init(headCount: headCount, keyValueHeadCount: keyValueHeadCount, headLength: headLength),
            rope: .init(
                frequencyBase: try configuration.number("rope_theta", default: 10_000), dimensionCount: headLength),
            feedForward: .experts(
                .init(
                    count: expertCount, usedCount: usedCount,
                    length: try configuration.count("intermediate_size"),
                    sharedCount: try configuration.count("num_shared_experts", default: 0, minimum: 0),
                    normalizesWeights: try configuration.bool("norm_topk_prob", default: true), weightScale: 1)),
            normEpsilon: Float(try configuration.number("rms_norm_eps")),
            tiesOutputToEmbedding: try configuration.bool("tie_word_embeddings", default: false))
    }

    func sources(of name: TensorName) -> [String] {
        let layer = "model.layers.\(name.layer ?? 0)"
        func experts(_ matrix: String) -> [String] {
            (0..<(plan.experts?.count ?? 0)).map { "\(layer).mlp.experts.\($0).\(matrix)_proj.weight" }
        }
        return switch name.role {
        case .tokenEmbedding: ["model.embed_tokens.weight"]
        case .outputNorm: ["model.norm.weight"]
        case .output: ["lm_head.weight"]
        case .attentionNorm: ["\(layer).input_layernorm.weight"]
        case .attentionQuery: ["\(layer).self_attn.q_proj.weight"]
        case .attentionKey: ["\(layer).self_attn.k_proj.weight"]
        case .attentionValue: ["\(layer).self_attn.v_proj.weight"]
        case .attentionOutput: ["\(layer).self_attn.o_proj.weight"]
        case .feedForwardNorm: ["\(layer).post_attention_layernorm.weight"]
        case .router: ["\(layer).mlp.router.weight"]
        case .expertsGate: experts("gate")
        case .expertsUp: experts("up")
        case .expertsDown: experts("down")
        case .sharedGate: ["\(layer).mlp.shared_experts.gate_proj.weight"]
        case .sharedUp: ["\(layer).mlp.shared_experts.up_proj.weight"]
        case .sharedDown: ["\(layer).mlp.shared_experts.down_proj.weight"]
        case .feedForwardGate, .feedForwardUp, .feedForwardDown: []
        }
    }

    func isIgnored(_ tensor: String) -> Bool {
        tensor.hasSuffix("rotary_emb.inv_freq") || (plan.tiesOutputToEmbedding && tensor == "lm_head.weight")
    }
}
