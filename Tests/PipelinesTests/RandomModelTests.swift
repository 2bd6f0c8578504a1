import Checkpoints
import ModelArchitecture
import Models
import Parallelism
import Pipelines
import Runtime
import TestSupport
import Testing

/// Odd shapes, every architecture and every kind of rope scaling, against PyTorch in float32.
@Suite struct RandomModelTests {
    @Test(arguments: try RandomModel.all.get())
    func checkpointAndFileHaveTheReferencesLogits(random: RandomModel) throws {
        try random.withCheckpoint { checkpoint, output in
            let model = try Model.open(checkpoint)
            #expect(model.plan.architecture.rawValue == random.architecture)
            try expectReference(model, random)
            _ = try Conversion(target: .f32, parallel: Parallel()).run(model, output: output) { _ in }
            let file = try Model.open(output)
            #expect(file.plan.architecture.rawValue == random.architecture)
            try expectReference(file, random)
        }
    }

    @Test(arguments: [
        "xverse-moe-width-1728", "xverse-moe-10-experts", "mixtral-10-experts-gqa-8", "mixtral-fused-all-experts",
    ])
    func paddingIsExact(name: String) throws {
        let random = try RandomModel.named(name)
        try random.withCheckpoint { checkpoint, _ in
            let padded = try Model.open(checkpoint, expertPadding: .on)
            let plain = try Model.open(checkpoint, expertPadding: .off)
            #expect(padded.plan.experts?.length.isMultiple(of: 256) == true)
            #expect(plain.plan.experts?.length == checkpointWidth(name))
            let (a, b) = (
                try ReferenceModel.logits(padded.forwardPass(Parallel()), random.ids),
                try ReferenceModel.logits(plain.forwardPass(Parallel()), random.ids)
            )
            #expect(zip(a, b).map { largestDifference($0, $1) }.max()! < 1e-5)
        }
    }

    /// What no GGUF architecture computes, or the runtime does not.
    @Test(arguments: [
        ("xverse-moe-unnormalised-yarn", [("\"num_shared_experts\": 1", "\"num_shared_experts\": 0")]),
        ("xverse-moe-tied-linear", [("\"linear\"", "\"llama3\""), ("2.5", llama3)]),
        ("xverse-moe-unnormalised-yarn", [("\"factor\": 4.0", "\"factor\": 4.0, \"beta_fast\": 16")]),
    ])
    func refusesWhatNoArchitectureExpresses(name: String, changes: [(String, String)]) throws {
        try RandomModel.named(name).withCheckpoint(changes: changes) { checkpoint, _ in
            let error = #expect(throws: ArchitectureError.self) { try Model.open(checkpoint) }
            guard case .inexpressible(let reasons)? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(reasons.count == 2)
            #expect(error?.file == checkpoint + "/config.json")
        }
    }

    private static let llama3 = """
        2.5, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64
        """

    @Test(arguments: [
        ("llama-dynamic", ("\"silu\"", "\"gelu\""), "hidden_act"),
        ("llama-yarn", ("\"yarn\"", "\"longrope\""), "rope_scaling.rope_type"),
        ("llama-dynamic", ("\"dynamic\"", "\"su\""), "rope_scaling.type"),
        ("llama-linear", ("4.0", "-4.0"), "rope_parameters.factor"),
        (
            "llama-linear", ("\"factor\": 4.0", "\"partial_rotary_factor\": 0.5, \"factor\": 4.0"),
            "rope_parameters.partial_rotary_factor"
        ),
        ("llama-linear", ("\"rope_type\"", "\"full_attention\": {}, \"rope_type\""), "rope_parameters.full_attention"),
        ("llama-yarn", ("\"factor\": 4.0", "\"factor\": 0.5"), "rope_scaling.factor"),
        ("llama-llama3", ("\"low_freq_factor\": 1.0", "\"low_freq_factor\": 4.0"), "rope_scaling.high_freq_factor"),
        ("llama-dynamic", ("\"hidden_act\"", "\"attention_bias\": true, \"hidden_act\""), "attention_bias"),
        ("llama-dynamic", ("\"hidden_act\"", "\"mlp_bias\": true, \"hidden_act\""), "mlp_bias"),
        ("mixtral-1-expert", ("\"num_experts_per_tok\": 1", "\"num_experts_per_tok\": 2"), "num_experts_per_tok"),
        ("mixtral-1-expert", ("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3"), "num_key_value_heads"),
        ("xverse-dense", ("\"hidden_size\": 32", "\"hidden_size\": 34"), "hidden_size"),
    ])
    func refusesVariantsByName(name: String, change: (String, String), key: String) throws {
        try RandomModel.named(name).withCheckpoint(changes: [change]) { checkpoint, _ in
            let error = #expect(throws: CheckpointError.self) { try Model.open(checkpoint) }
            guard case .invalidConfigurationValue(key, _, _)? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    /// Weights that do not fit the configuration.
    @Test(arguments: [
        ("mixtral-fused-all-experts", ("\"num_local_experts\": 3", "\"num_local_experts\": 4")),
        ("mixtral-fused-all-experts", ("\"intermediate_size\": 32", "\"intermediate_size\": 16")),
        ("llama-tied-head-80", ("\"num_key_value_heads\": 1", "\"num_key_value_heads\": 2")),
    ])
    func refusesOtherShapes(name: String, change: (String, String)) throws {
        try RandomModel.named(name).withCheckpoint(changes: [change]) { checkpoint, _ in
            let error = #expect(throws: CheckpointError.self) { try Model.open(checkpoint) }
            guard case .wrongShape? = error?.kind else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    private func expectReference(_ model: Model, _ random: RandomModel) throws {
        let logits = try ReferenceModel.logits(model.forwardPass(Parallel()), random.ids)
        let expected = try random.expectedLogits()
        #expect(logits.count == expected.count && !expected.isEmpty)
        let worst = zip(logits, expected).map { largestDifference($0, $1) }.max() ?? .infinity
        #expect(worst < 2e-3, "worst logit difference \(worst)")
    }

    private func checkpointWidth(_ name: String) -> Int {
        name.hasSuffix("1728") ? 1728 : name.hasSuffix("all-experts") ? 32 : 96
    }
}
