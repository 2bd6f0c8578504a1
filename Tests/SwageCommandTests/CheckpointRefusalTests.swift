import Foundation
import TestSupport
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
        Refusal(
            checkpoint: "no index, and a missing shard",
            "{model}: there is no index, and of 3 shards these are missing",
            CheckpointCopy.shard(2), "download"
        ) {
            try $0.remove("model.safetensors.index.json")
            try $0.remove(CheckpointCopy.shard(2))
        },
        Refusal(checkpoint: "no index, and shards of two sets", "shards of several sets", "model-00001-of-00009") {
            try $0.remove("model.safetensors.index.json")
            try Data().write(to: URL(filePath: $0.path + "/model-00001-of-00009.safetensors"))
        },
        Refusal(checkpoint: "no weights", "{model}: there are no weights here", "download") {
            try $0.remove("model.safetensors.index.json")
            for number in 1...3 { try $0.remove(CheckpointCopy.shard(number)) }
        },
        Refusal(
            checkpoint: "no weights but a GGUF", "{model}: there are no weights here",
            "the folder holds the GGUF file model.Q4_K_M.gguf: give the path of that file"
        ) {
            try $0.remove("model.safetensors.index.json")
            for number in 1...3 { try $0.remove(CheckpointCopy.shard(number)) }
            try Data("GGUF".utf8).write(to: URL(filePath: $0.path + "/model.Q4_K_M.gguf"))
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
        configuration(
            "num_experts", nil, "model.layers.0.mlp.router.weight", "config.json calls for [64, 256]",
            "num_experts = 64"),
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

    /// What git keeps in place of a large file.
    private static let pointer = Data(
        """
        version https://git-lfs.github.com/spec/v1
        oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393
        size 4976698672

        """.utf8)

    /// Every kind of file that may be one.
    @Test(arguments: [
        CheckpointCopy.shard(2), "model.safetensors.index.json", "tokenizer.json", "tokenizer_config.json",
        "config.json",
    ])
    func refusedPointers(file: String) async throws {
        try Conformance.row("checkpoints/git-lfs-pointer")
        try await Refusal(
            checkpoint: file, "{model}/\(file): a git-lfs pointer", "4976698672 bytes", "git lfs pull", "hf download"
        ) { try $0.replace(file, with: Self.pointer) }.check()
    }

    @Test func refusedPointersOfOtherFiles() async throws {
        try Conformance.row("checkpoints/git-lfs-pointer")
        for file in ["tokenizer.model", "pytorch_model.bin"] {
            try await Refusal(checkpoint: file, "{model}/\(file): a git-lfs pointer", "git lfs pull") { checkpoint in
                if file == "tokenizer.model" {
                    try checkpoint.remove("tokenizer.json")
                } else {
                    try checkpoint.remove("model.safetensors.index.json")
                    for number in 1...3 { try checkpoint.remove(CheckpointCopy.shard(number)) }
                }
                try Self.pointer.write(to: URL(filePath: "\(checkpoint.path)/\(file)"))
            }.check()
        }
        try await Refusal("a GGUF", status: 3, "model.gguf: a git-lfs pointer", "git lfs pull") { workspace in
            ["inspect", try workspace.write("model.gguf", Self.pointer)]
        }.check()
    }

    /// Weights as others pack them, with the tensors that their programs write.
    @Test(
        arguments: [
            (["quant_method": "gptq", "bits": "4"], ".qweight", "quantized by gptq"),
            (["quant_method": "awq"], ".qweight", "quantized by awq"),
            (
                ["quant_method": "compressed-tensors", "format": "pack-quantized"], ".weight_packed",
                "quantized by compressed-tensors (pack-quantized)"
            ),
            (nil, ".qweight", "quantized by GPTQ or AWQ"),
        ] as [([String: String]?, String, String)])
    func refusedPackedWeights(configuration: [String: String]?, suffix: String, words: String) async throws {
        try Conformance.row("checkpoints/packed-weights")
        try await Refusal(
            checkpoint: words, words, "take the checkpoint that was quantized", "BF16, F16, F32 or FP8"
        ) { checkpoint in
            try checkpoint.remove("model.safetensors.index.json")
            try checkpoint.configure("quantization_config", configuration)
            try checkpoint.editShard(2) { header, _ in
                let name = Self.expert.replacing(".weight", with: suffix)
                header[name] = header.removeValue(forKey: Self.expert)
                header[name]?["dtype"] = "I32"
                header[name]?["shape"] = [256, 112]
            }
        }.check()
    }

    @Test func refusedBitsAndBytes() async throws {
        try Conformance.row("checkpoints/packed-weights")
        try await Refusal(checkpoint: "bitsandbytes", "quantized by bitsandbytes", "type U8") { checkpoint in
            try checkpoint.configure("quantization_config", ["quant_method": "bitsandbytes", "load_in_4bit": true])
            try checkpoint.editShard(2) { header, _ in
                header[Self.expert]?["dtype"] = "U8"
                header[Self.expert]?["shape"] = [256 * 224 * 2, 1]
            }
        }.check()
    }

    @Test func refusedFolderOfGGUFs() async throws {
        try Conformance.row("checkpoints/gguf-only")
        try await Refusal("a folder of GGUFs", status: 3, "there is no config.json here", "GGUF file a.gguf") {
            workspace in
            [
                "inspect",
                URL(filePath: try workspace.write("folder/a.gguf", Data("GGUF".utf8)))
                    .deletingLastPathComponent().path,
            ]
        }.check()
    }

    /// Shards that no index lists are read by their names, and that is said.
    @Test func shardsWithoutIndexAreRead() async throws {
        try Conformance.row("checkpoints/shards-without-index")
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        let indexed = try await Swage.run("inspect", checkpoint.path, "--tensors")
        try checkpoint.remove("model.safetensors.index.json")
        let named = try await Swage.run("inspect", checkpoint.path, "--tensors")
        #expect(named.status == 0 && named.output == indexed.output)
        #expect(indexed.error.isOnlyWhatWasWritten)
        #expect(named.error == "warning: \(checkpoint.path): there is no index; 3 shards were found by name\n")
    }

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
