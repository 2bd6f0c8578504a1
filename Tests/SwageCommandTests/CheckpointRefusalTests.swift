import Foundation
import Testing

/// Damaged, incomplete and unknown checkpoints: each refused, nothing written.
@Suite struct CheckpointRefusalTests {
    private static let expert = "model.layers.1.mlp.experts.3.down_proj.weight"

    private static let weights: [Refusal] = [
        Refusal(
            checkpoint: "a weight that is not a number", CheckpointCopy.shard(2), expert, "row 4, column 104 is nan"
        ) {
            try $0.setWeight(expert, shard: 2, element: 1000, bits: 0x7fc0)
        },
        Refusal(checkpoint: "an infinite weight", CheckpointCopy.shard(2), expert, "row 4, column 104 is inf") {
            try $0.setWeight(expert, shard: 2, element: 1000, bits: 0x7f80)
        },
        Refusal(
            checkpoint: "an infinite weight in permuted rows", CheckpointCopy.shard(1),
            "model.layers.0.self_attn.q_proj.weight", "row 3, column 232 is -inf"
        ) { try $0.setWeight("model.layers.0.self_attn.q_proj.weight", shard: 1, element: 1000, bits: 0xff80) },
        Refusal(
            checkpoint: "a truncated shard", CheckpointCopy.shard(3),
            "the file ends too early: 10094952 bytes expected, 10094951 found", "download"
        ) { try $0.edit(CheckpointCopy.shard(3)) { $0.removeLast() } },
        Refusal(checkpoint: "a shard cut in its header", CheckpointCopy.shard(1), "a header of") {
            try $0.edit(CheckpointCopy.shard(1)) { $0 = $0.prefix(1000) }
        },
        Refusal(checkpoint: "an empty shard", CheckpointCopy.shard(3), "8 bytes expected, 0 found") {
            try $0.edit(CheckpointCopy.shard(3)) { $0 = Data() }
        },
        Refusal(
            checkpoint: "a missing shard", "model-00002-of-00003.safetensors is missing", "holds 91 tensors", "download"
        ) { try $0.remove(CheckpointCopy.shard(2)) },
        Refusal(checkpoint: "a missing index", "{model}: there are no weights here") {
            try $0.remove("model.safetensors.index.json")
        },
        Refusal(checkpoint: "a tensor that the shard lacks", expert, "the index places it in", CheckpointCopy.shard(2))
        {
            try $0.editShard(2) { header, _ in header["renamed"] = header.removeValue(forKey: expert) }
        },
        Refusal(checkpoint: "a tensor that the model needs and nobody has", "lm_head.weight", "no such tensor") {
            try $0.editShard(3) { header, _ in
                header["model.layers.0.rotary_emb.inv_freq"] = header.removeValue(forKey: "lm_head.weight")
            }
            try $0.editJSON("model.safetensors.index.json") { index in
                var map = try #require(index["weight_map"] as? [String: String])
                map.removeValue(forKey: "lm_head.weight")
                index["weight_map"] = map
            }
        },
        Refusal(checkpoint: "an unknown tensor", "not part of this architecture: 1 tensor (model.layers.0.extra.bias)")
        {
            try $0.editShard(2) { header, data in
                header["model.layers.0.extra.bias"] = [
                    "dtype": "F32", "shape": [1], "data_offsets": [data.count, data.count + 4],
                ]
                data += Data(count: 4)
            }
        },
        Refusal(checkpoint: "a transposed matrix", expert, "the shape is [224, 256], config.json calls for [256, 224]")
        {
            try $0.editShard(2) { header, _ in header[expert]?["shape"] = [224, 256] }
        },
        Refusal(checkpoint: "whole numbers for weights", expert, "type I32 cannot be used", "BF16, F16, F32") {
            try $0.editShard(2) { header, _ in
                header[expert]?["dtype"] = "I32"
                header[expert]?["shape"] = [256, 112]
            }
        },
        Refusal(checkpoint: "experts of two types", expert, "stored as F16, other experts' matrices as BF16") {
            try $0.editShard(2) { header, _ in header[expert]?["dtype"] = "F16" }
        },
    ]

    private static let files: [Refusal] = [
        Refusal(checkpoint: "no configuration", "{model}: there is no config.json here") {
            try $0.remove("config.json")
        },
        Refusal(checkpoint: "a configuration cut short", "{model}/config.json: byte 9: ", "ends too early") {
            try $0.replace("config.json", with: Data(#"{"hidden""#.utf8))
        },
        Refusal(checkpoint: "no tokenizer", "{model}/tokenizer.json: cannot open") { try $0.remove("tokenizer.json") },
        Refusal(checkpoint: "a tokenizer of another kind", "{model}/tokenizer.json", "WordPiece") {
            try $0.editJSON("tokenizer.json") { tokenizer in
                var model = try #require(tokenizer["model"] as? [String: Any])
                model["type"] = "WordPiece"
                tokenizer["model"] = model
            }
        },
    ]

    /// One value of `config.json` changed; nil removes it.
    private static func configuration(_ key: String, _ value: (any Sendable)?, _ words: String...) -> Refusal {
        Refusal(checkpoint: "\(key): \(value.map { "\($0)" } ?? "missing")", ["{model}"] + words) {
            try $0.configure(key, value)
        }
    }

    private static let configurations: [Refusal] = [
        configuration("architectures", ["GemmaForCausalLM"], "architectures", "GemmaForCausalLM", "supported: Xverse"),
        configuration("architectures", nil, "architectures: none is named", "supported: Xverse"),
        configuration("num_experts", nil, "model.layers.0.mlp.gate_proj.weight", "no such tensor"),
        configuration("num_hidden_layers", 0, "num_hidden_layers: found 0, expected a whole number from 1"),
        configuration("num_hidden_layers", 1 << 24, "num_hidden_layers: found 16777216"),
        configuration("num_hidden_layers", 4.5, "num_hidden_layers: found 4.5"),
        configuration("num_hidden_layers", "4", "num_hidden_layers: found \"4\""),
        configuration("num_hidden_layers", 3, "not part of this architecture: 58 tensors"),
        configuration(
            "num_hidden_layers", 5, "model.layers.4.input_layernorm.weight: the checkpoint has no such tensor"),
        configuration("num_experts", 1 << 24, "num_experts: found 16777216"),
        configuration("num_experts", 17, "model.layers.0.mlp.router.weight", "config.json calls for [17, 256]"),
        configuration("moe_top_k", 17, "moe_top_k: found 17, expected at most num_experts (16)"),
        configuration("moe_top_k", 0, "moe_top_k: found 0"),
        configuration("num_attention_heads", 7, "hidden_size: found 256, expected an even multiple", "(7)"),
        configuration("num_attention_heads", 512, "hidden_size: found 256"),
        configuration(
            "num_key_value_heads", 3, "num_key_value_heads: found 3, expected a divisor of num_attention_heads (8)"),
        configuration("head_dim", 31, "head_dim: found 31, expected an even number"),
        configuration("hidden_size", nil, "config.json: hidden_size: the key is missing"),
        configuration("hidden_size", 1 << 24, "model.embed_tokens.weight", "config.json calls for [4096, 16777216]"),
        configuration("intermediate_size", 223, "config.json calls for [223, 256]"),
        configuration("intermediate_size", Int.max, "intermediate_size: found \(Int.max)"),
        configuration("vocab_size", 4097, "model.embed_tokens.weight", "config.json calls for [4097, 256]"),
        configuration("vocab_size", 4095, "model.embed_tokens.weight", "config.json calls for [4095, 256]"),
        configuration("num_shared_experts", 0, "not part of this architecture: 12 tensors"),
        configuration("rms_norm_eps", nil, "rms_norm_eps: the key is missing"),
        configuration("rms_norm_eps", -1e-6, "rms_norm_eps: found -1e-06, expected a positive number"),
        configuration("rope_theta", 1e300, "rope_theta: found 1e+300, expected a positive number that fits a float32"),
        configuration("rope_scaling", ["type": "yarn"], "rope_scaling.factor", "the key is missing"),
        configuration("rope_scaling", ["type": "longrope"], "rope_scaling.type: found \"longrope\""),
        configuration("hidden_act", "gelu", "hidden_act: found \"gelu\", expected \"silu\""),
        configuration("max_position_embeddings", 0, "max_position_embeddings: found 0"),
    ]

    @Test(arguments: weights) func refusedWeights(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: files) func refusedFiles(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: configurations) func refusedConfigurations(refusal: Refusal) async throws {
        try await refusal.check()
    }

    /// A weight that is not a number is also seen by commands that compute with the checkpoint itself.
    @Test func measuringBrokenWeights() async throws {
        try await Refusal(
            checkpoint: "perplexity", ["{model}: blk.1.ffn_down_exps.weight", "not a number"],
            arguments: ["perplexity", "{model}", "--context", "64", "--chunks", "8", "--text", Products.texts[0]]
        ) { try $0.setWeight(Self.expert, shard: 2, element: 1000, bits: 0x7fc0) }.check()
    }
}
