import ModelArchitecture

/// The tensor names of Llama, which its descendants keep for all but their experts.
enum LlamaStorage {
    static let embedding = "model.embed_tokens.weight"
    static let head = "lm_head.weight"

    /// The tensors that Llama may keep a weight in; none for roles that it does not have.
    ///
    /// - Parameter isTied: whether the output matrix is the token embedding, so that either may be the stored one.
    static func of(_ name: TensorName, isTied: Bool) -> [WeightStorage] {
        let layer = "model.layers.\(name.layer ?? 0)"
        let tensors: [String] =
            switch name.role {
            case .tokenEmbedding: isTied ? [embedding, head] : [embedding]
            case .output: isTied ? [embedding, head] : [head]
            case .outputNorm: ["model.norm.weight"]
            case .attentionNorm: ["\(layer).input_layernorm.weight"]
            case .attentionQuery: ["\(layer).self_attn.q_proj.weight"]
            case .attentionKey: ["\(layer).self_attn.k_proj.weight"]
            case .attentionValue: ["\(layer).self_attn.v_proj.weight"]
            case .attentionOutput: ["\(layer).self_attn.o_proj.weight"]
            case .feedForwardNorm: ["\(layer).post_attention_layernorm.weight"]
            case .feedForwardGate: ["\(layer).mlp.gate_proj.weight"]
            case .feedForwardUp: ["\(layer).mlp.up_proj.weight"]
            case .feedForwardDown: ["\(layer).mlp.down_proj.weight"]
            case .router, .expertsGate, .expertsUp, .expertsDown, .sharedGate, .sharedUp, .sharedDown, .rotaryFactors:
                []
            }
        return tensors.map { .separate([$0]) }
    }
}

/// Llama's names for everything: what a dense family needs no more than.
protocol LlamaNamed: CheckpointArchitecture {}

extension LlamaNamed {
    func storage(of name: TensorName) -> [WeightStorage] {
        LlamaStorage.of(name, isTied: plan.tiesOutputToEmbedding)
    }
}
