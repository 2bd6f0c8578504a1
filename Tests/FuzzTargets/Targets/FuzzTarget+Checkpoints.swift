import Checkpoints
import Files
import Foundation
import GGUF
import ModelArchitecture
import Models
import TestSupport
import Tokenizers

extension FuzzTarget {
    /// What describes a model.
    static let checkpoints: [FuzzTarget] = [
        FuzzTarget(
            "config.json", .json,
            words: [
                "architectures", "LlamaForCausalLM", "MixtralForCausalLM", "MistralForCausalLM", "XverseForCausalLM",
                "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
                "head_dim", "rope_theta", "rope_scaling", "rope_parameters", "rope_type", "linear", "dynamic", "yarn",
                "llama3", "factor", "original_max_position_embeddings", "attention_factor", "beta_fast", "beta_slow",
                "low_freq_factor", "high_freq_factor", "mscale", "mscale_all_dim", "sliding_window", "num_experts",
                "num_local_experts", "num_experts_per_tok", "moe_top_k", "num_shared_experts", "vocab_size",
                "tie_word_embeddings", "rms_norm_eps", "max_position_embeddings", "torch_dtype", "norm_topk_prob",
                "quantization_config", "quant_method", "weight_block_size", "bos_token_id", "eos_token_id",
                "hidden_act",
            ]
        ) { _ in
            let folder = Fixtures.path("models/random")
            return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                .map { "\(folder)/\($0)/config.json" }.filter { FileManager.default.fileExists(atPath: $0) }
                .map { try ReadableFile.contents(of: $0) }
                + fixtures("golden/torch/fp8/config.json", "models/apus-xdan-tiny/config.json")
        } prepare: { workplace in
            let checkpoint = try workplace.checkpoint(Workplace.modelName)
            let name = String(checkpoint.dropFirst(workplace.path.count + 1))
            return { bytes in
                try workplace.write(bytes, as: name + "/config.json")
                let plan = try Model.open(checkpoint, readsWeights: false).plan
                _ = plan.rope.frequencies
                let again = try DecoderPlan(
                    metadata: plan.metadata, vocabularySize: plan.vocabularySize,
                    tiesOutputToEmbedding: plan.tiesOutputToEmbedding,
                    hasFrequencyFactors: plan.rope.hasFrequencyFactors)
                guard again.layerCount == plan.layerCount, again.attention == plan.attention,
                    again.feedForward == plan.feedForward
                else { throw FuzzFinding("a plan that is another one after it was written") }
                try Use.model(Model.open(checkpoint))
            }
        },
        FuzzTarget(
            "README.md", .text,
            words: [
                "---\n", "license: ", "base_model:", "tags:\n- ", "datasets: [", "language: ", "&a ", "*a", "!!binary ",
                "? ",
                "|-\n ", ">\n ", "{a: b}", "model-index:", "license_name: ", "<<: ", "\u{feff}", "%YAML 1.2\n",
            ]
        ) { _ in
            let cards = [
                "---\nlicense: mit\ntags:\n- a\n- b\nlanguage: [en, zh]\nbase_model: org/Model-7B-v1.0\n---\n# A model\n",
                "---\nbase_model:\n- name: A\n  url: https://huggingface.co/a/b\ndatasets: &d [x/y]\nx: *d\n---\n",
            ]
            return cards.map { Array($0.utf8) }
        } prepare: { workplace in
            let path = try workplace.checkpoint(Workplace.modelName)
            let name = String(path.dropFirst(workplace.path.count + 1))
            let checkpoint = try Checkpoint(directory: path, expertPadding: .auto, readsWeights: false)
            return { bytes in
                try workplace.write(bytes, as: name + "/README.md")
                var metadata = GGUFMetadata()
                metadata.append(try checkpoint.generalMetadata())
                try readAgain(metadata, in: workplace) { _ in }
            }
        },
        FuzzTarget(
            "metadata", .json,
            words: [
                "general.alignment", "general.name", "general.file_type", "tokenizer.chat_template",
                "tokenizer.ggml.bos_token_id", "tokenizer.ggml.tokens", "tokenizer.ggml.pre", "split.count",
                "llama.context_length", "llama.rope.freq_base", "llama.rope.scaling.type", "llama.expert_used_count",
                "llama.attention.layer_norm_rms_epsilon", "swage.recipe", "quantize.imatrix.file",
            ]
        ) { workplace in
            let keys = try workplace.model().metadata.entries.map { "\($0.key)" } + ["x.new", "general.tags"]
            let values = ["1", "-1", "0.5", "true", "null", #""text""#, "[1, 2]", #"["a", "b"]"#]
            let single = keys.enumerated().map { "{\"\($1)\": \(values[$0 % values.count])}" }
            let mixed = #"{"general.name": "a", "x.list": [1, 2.5], "x.flag": true, "general.tags": ["a", "b"]}"#
            let known = #"{"llama.context_length": 4096, "general.alignment": 64, "tokenizer.ggml.bos_token_id": 1}"#
            return ([mixed, known] + single).map { Array($0.utf8) }
        } prepare: { workplace in
            let model = try workplace.model()
            return { bytes in
                var metadata = model.metadata
                let file = try MetadataFile(contentsOf: workplace.write(bytes, as: "metadata.json"))
                try file.apply(to: &metadata, of: model)
                try readAgain(metadata, in: workplace) { file in
                    _ = try Tokenizer(vocabulary: Vocabulary(metadata: file.metadata), file: file.path)
                    _ = try DecoderPlan(
                        metadata: file.metadata, vocabularySize: model.plan.vocabularySize,
                        tiesOutputToEmbedding: model.plan.tiesOutputToEmbedding,
                        hasFrequencyFactors: model.plan.rope.hasFrequencyFactors)
                }
            }
        },
    ]

    /// Writes metadata that was accepted, and reads it: nothing may be refused, and not by `use`.
    private static func readAgain(
        _ metadata: GGUFMetadata, in workplace: Workplace, use: (GGUFFile) throws -> Void
    ) throws {
        let path = workplace.file("written.gguf")
        do {
            var writer = try GGUFWriter(path: path, metadata: metadata, tensors: [])
            try writer.finish()
            let file = try GGUFFile(path: path)
            Use.metadata(file.metadata)
            try use(file)
        } catch {
            throw FuzzFinding("metadata that is accepted and then refused: \(error)")
        }
    }
}
