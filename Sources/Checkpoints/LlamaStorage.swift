import ModelArchitecture

/// The tensor names of Llama, which its descendants keep for all but their experts.
enum LlamaStorage {
    /// Where Llama keeps a weight; nowhere for roles that it does not have.
    ///
    /// - Parameter isTied: whether the output matrix is the token embedding.
    static func of(_ name: TensorName, isTied: Bool) -> [WeightStorage] {
        let layer = "model.layers.\(name.layer ?? 0)"
        let tensor: String? =
            switch name.role {
            case .tokenEmbedding: "model.embed_tokens"
            case .outputNorm: "model.norm"
            case .output: isTied ? "model.embed_tokens" : "lm_head"
            case .attentionNorm: "\(layer).input_layernorm"
            case .attentionQuery: "\(layer).self_attn.q_proj"
            case .attentionKey: "\(layer).self_attn.k_proj"
            case .attentionValue: "\(layer).self_attn.v_proj"
            case .attentionOutput: "\(layer).self_attn.o_proj"
            case .feedForwardNorm: "\(layer).post_attention_layernorm"
            case .feedForwardGate: "\(layer).mlp.gate_proj"
            case .feedForwardUp: "\(layer).mlp.up_proj"
            case .feedForwardDown: "\(layer).mlp.down_proj"
            case .router, .expertsGate, .expertsUp, .expertsDown, .sharedGate, .sharedUp, .sharedDown, .rotaryFactors:
                nil
            }
        return tensor.map { [.separate(["\($0).weight"])] } ?? []
    }
}

/// Llama's names for everything: what a dense family needs no more than.
protocol LlamaNamed: CheckpointArchitecture {}

extension LlamaNamed {
    func storage(of name: TensorName) -> [WeightStorage] {
        LlamaStorage.of(name, isTied: plan.tiesOutputToEmbedding)
    }
}
