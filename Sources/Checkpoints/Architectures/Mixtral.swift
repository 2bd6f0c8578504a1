import ModelArchitecture

/// Mixtral and APUS-xDAN: routed experts with renormalised weights, no shared ones.
///
/// The experts are stored one by one, or, in newer checkpoints, stacked with gate above up.
struct Mixtral: CheckpointArchitecture {
    static let classNames = ["MixtralForCausalLM"]
    static let defaults = ConfigurationDefaultsTables.mixtral
    static let ggufArchitectures: [GGUFArchitecture] = [.llama]

    let plan: DecoderPlan

    init(_ description: CheckpointDescription) throws {
        let configuration = description.configuration
        let counts = try configuration.expertCounts(all: "num_local_experts", used: "num_experts_per_tok")
        plan = try description.decoderPlan(
            .llama,
            feedForward: .experts(
                .init(
                    count: counts.all, usedCount: counts.used, length: configuration.count("intermediate_size"),
                    sharedCount: 0, normalizesWeights: description.expertNormalization.applied(to: true),
                    weightScale: 1)))
    }

    func storage(of name: TensorName) -> [WeightStorage] {
        let layer = "model.layers.\(name.layer ?? 0)"
        func separate(_ matrix: String) -> WeightStorage {
            .separate(
                (0..<(plan.experts?.count ?? 0)).map { "\(layer).block_sparse_moe.experts.\($0).\(matrix).weight" })
        }
        let stacked = "\(layer).mlp.experts"
        return switch name.role {
        case .router: [.separate(["\(layer).block_sparse_moe.gate.weight"]), .separate(["\(layer).mlp.gate.weight"])]
        case .expertsGate: [separate("w1"), .stacked("\(stacked).gate_up_proj", part: 0, partCount: 2)]
        case .expertsUp: [separate("w3"), .stacked("\(stacked).gate_up_proj", part: 1, partCount: 2)]
        case .expertsDown: [separate("w2"), .stacked("\(stacked).down_proj")]
        default: LlamaStorage.of(name, isTied: plan.tiesOutputToEmbedding)
        }
    }
}
