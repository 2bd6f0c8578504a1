import Foundation

/// A matrix or vector of the checkpoint.
struct PlannedTensor {
    let name: String
    /// Slowest dimension first.
    let shape: [Int]

    var rowCount: Int { shape.count > 1 ? shape[0] : 1 }
    var rowLength: Int { shape[shape.count - 1] }
    /// In BF16.
    var byteCount: Int { 2 * rowCount * rowLength }
}

/// The shapes of XVERSE-MoE-A4.2B, as its `config.json` gives them, with fewer layers.
struct Geometry {
    let layerCount: Int
    let vocabularySize = 100_534
    let hiddenSize = 2560
    let expertLength = 1728
    let expertCount = 64
    let sharedExpertCount = 2
    let headCount = 32

    var tensors: [PlannedTensor] {
        var tensors = [PlannedTensor(name: "model.embed_tokens.weight", shape: [vocabularySize, hiddenSize])]
        for layer in 0..<layerCount {
            let prefix = "model.layers.\(layer)"
            for norm in ["input_layernorm", "post_attention_layernorm"] {
                tensors.append(PlannedTensor(name: "\(prefix).\(norm).weight", shape: [hiddenSize]))
            }
            for projection in ["q", "k", "v", "o"] {
                tensors.append(
                    PlannedTensor(
                        name: "\(prefix).self_attn.\(projection)_proj.weight", shape: [hiddenSize, hiddenSize]))
            }
            tensors.append(PlannedTensor(name: "\(prefix).mlp.router.weight", shape: [expertCount, hiddenSize]))
            for expert in 0..<expertCount {
                tensors += block("\(prefix).mlp.experts.\(expert)", length: expertLength)
            }
            tensors += block("\(prefix).mlp.shared_experts", length: expertLength * sharedExpertCount)
        }
        tensors.append(PlannedTensor(name: "model.norm.weight", shape: [hiddenSize]))
        tensors.append(PlannedTensor(name: "lm_head.weight", shape: [vocabularySize, hiddenSize]))
        return tensors
    }

    private func block(_ prefix: String, length: Int) -> [PlannedTensor] {
        [
            PlannedTensor(name: "\(prefix).gate_proj.weight", shape: [length, hiddenSize]),
            PlannedTensor(name: "\(prefix).up_proj.weight", shape: [length, hiddenSize]),
            PlannedTensor(name: "\(prefix).down_proj.weight", shape: [hiddenSize, length]),
        ]
    }

    var configuration: Data {
        get throws {
            try json([
                "architectures": ["XverseForCausalLM"], "model_type": "xverse", "torch_dtype": "bfloat16",
                "hidden_act": "silu", "hidden_size": hiddenSize, "intermediate_size": expertLength,
                "num_hidden_layers": layerCount, "num_attention_heads": headCount, "num_experts": expertCount,
                "num_shared_experts": sharedExpertCount, "moe_top_k": 6, "rms_norm_eps": 1e-6, "rope_theta": 500_000,
                "max_position_embeddings": 8192, "vocab_size": vocabularySize, "tie_word_embeddings": false,
                "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "use_cache": true,
            ])
        }
    }

    var generationConfiguration: Data {
        get throws { try json(["bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0]) }
    }

    private func json(_ object: [String: Any]) throws -> Data {
        try JSONSerialization.data(withJSONObject: object, options: [.prettyPrinted, .sortedKeys])
    }
}
