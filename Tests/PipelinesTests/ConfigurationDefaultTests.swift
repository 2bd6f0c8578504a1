import Checkpoints
import Foundation
import ModelArchitecture
import TestSupport
import Testing

/// What keys stand for that `config.json` leaves out, against the families' configuration classes; see
/// Tests/Generators/checkpoint_variants.py.
@Suite struct ConfigurationDefaultTests {
    /// A class and its defaults by key.
    struct Family: CustomTestStringConvertible {
        let name: String
        let defaults: [String: Double]
        /// Keys without a default, with values to give them.
        let required: [String: Double]

        var testDescription: String { name }

        /// Values that no class has as defaults.
        private static let others: [String: Double] = [
            "vocab_size": 300, "hidden_size": 192, "intermediate_size": 96, "num_hidden_layers": 3,
            "num_attention_heads": 6, "num_key_value_heads": 3, "head_dim": 48, "max_position_embeddings": 3000,
            "rms_norm_eps": 1e-3, "rope_theta": 777, "sliding_window": 2500, "num_local_experts": 9,
            "num_experts_per_tok": 3, "num_experts": 12, "moe_top_k": 5, "num_shared_experts": 4,
        ]

        static let all = Fixtures.cases(in: "golden/checkpoint_variants.json") { path in
            let golden = try JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: path)))
            let classes = try #require((golden as? [String: Any])?["defaults"] as? [String: [String: Any]])
            return classes.map { name, keys in
                var defaults: [String: Double] = [:]
                for (key, value) in keys where key != "tie_word_embeddings" {
                    defaults[key] = (value as? NSNumber)?.doubleValue
                }
                var required: [String: Double] = [:]
                if name == "XverseMoeForCausalLM" {
                    for key in [
                        "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
                        "max_position_embeddings", "rms_norm_eps",
                    ] { required[key] = others[key] }
                }
                return Family(name: name, defaults: defaults, required: required)
            }.sorted { $0.name < $1.name }
        }

        /// A configuration that states every key that the class has a default for.
        var stated: [String: Double] {
            required.merging(defaults.keys.map { ($0, Self.others[$0] ?? 0) }) { $1 }
        }
    }

    /// The plan of a checkpoint with this configuration.
    private func plan(_ family: Family, _ configuration: [String: Double]) throws -> DecoderPlan {
        try RandomModel.named("llama-linear").withCheckpoint { path, _ in
            var keys: [String: Any] = ["architectures": [family.name]]
            for (key, value) in configuration { keys[key] = value == value.rounded() ? Int(value) : value }
            try JSONSerialization.data(withJSONObject: keys).write(to: URL(filePath: path + "/config.json"))
            return try Checkpoint(directory: path, expertPadding: .off, readsWeights: false).storedPlan
        }
    }

    /// What a plan has under a key.
    private func value(_ key: String, in plan: DecoderPlan) -> Double? {
        func experts(_ count: (DecoderPlan.Experts) -> Int) -> Double? { plan.experts.map { Double(count($0)) } }
        switch key {
        case "vocab_size": return Double(plan.vocabularySize)
        case "hidden_size": return Double(plan.embeddingLength)
        case "num_hidden_layers": return Double(plan.layerCount)
        case "num_attention_heads": return Double(plan.attention.headCount)
        case "num_key_value_heads": return Double(plan.attention.keyValueHeadCount)
        case "head_dim": return Double(plan.attention.headLength)
        // The context ends with the window.
        case "max_position_embeddings", "sliding_window": return Double(plan.contextLength)
        case "rms_norm_eps": return Double(plan.normEpsilon)
        case "rope_theta": return plan.rope.frequencyBase
        case "num_local_experts", "num_experts": return experts(\.count)
        case "num_experts_per_tok", "moe_top_k": return experts(\.usedCount)
        case "num_shared_experts": return experts(\.sharedCount)
        case "intermediate_size":
            if case .dense(let length) = plan.feedForward { return Double(length) }
            return experts(\.length)
        default: return nil
        }
    }

    /// What the plan is to have under a key of a configuration whose other keys are these.
    private func expected(_ key: String, _ family: Family, _ configuration: [String: Double]) -> Double? {
        func stands(_ key: String) -> Double? { configuration[key] ?? family.defaults[key] }
        switch key {
        case "max_position_embeddings", "sliding_window":
            return min(stands("max_position_embeddings") ?? 0, stands("sliding_window") ?? .infinity)
        case "rms_norm_eps": return stands(key).map { Double(Float($0)) }
        default: return stands(key)
        }
    }

    @Test func thereAreFamilies() throws {
        let families = try Family.all.get()
        #expect(
            families.map(\.name) == [
                "LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM", "XverseForCausalLM",
                "XverseMoeForCausalLM",
            ])
        #expect(families.map(\.defaults.count) == [10, 11, 11, 9, 4])
    }

    /// A `config.json` that names its class, and what has no default.
    @Test(arguments: try Family.all.get())
    func allKeysLeftOut(family: Family) throws {
        try Conformance.row("checkpoints/missing-keys")
        let plan = try plan(family, family.required)
        for key in family.defaults.keys {
            #expect(value(key, in: plan) == expected(key, family, family.required), "\(key)")
        }
        #expect(!plan.tiesOutputToEmbedding)
    }

    /// Every key is read, and each of them by itself left out stands for its default, whatever the others are.
    @Test(arguments: try Family.all.get())
    func oneKeyLeftOut(family: Family) throws {
        try Conformance.row("checkpoints/missing-keys")
        let all = try plan(family, family.stated)
        for key in family.defaults.keys {
            #expect(value(key, in: all) == expected(key, family, family.stated), "\(key)")
            var configuration = family.stated
            configuration[key] = nil
            switch key {
            // These follow from other keys, whose default is theirs.
            case "head_dim": continue
            case "num_key_value_heads" where family.defaults[key] == family.defaults["num_attention_heads"]: continue
            // Others that have to fit.
            case "hidden_size": configuration["head_dim"] = 48
            case "num_attention_heads":
                configuration["head_dim"] = 48
                configuration["num_key_value_heads"] = 4
            case "num_key_value_heads":
                configuration["head_dim"] = 48
                configuration["num_attention_heads"] = 16
            default: break
            }
            let plan = try plan(family, configuration)
            #expect(value(key, in: plan) == expected(key, family, configuration), "\(key) left out")
        }
    }
}
