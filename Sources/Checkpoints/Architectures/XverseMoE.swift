import ModelArchitecture

/// XVERSE-MoE-A4.2B, its chat version and XVERSE-Ent: fine-grained routed experts beside ungated shared ones.
///
/// Written as `bailingmoe`, the llama.cpp architecture of the same computation, or without shared experts as `llama`.
struct XverseMoE: CheckpointArchitecture {
    static let className = "XverseForCausalLM"
    static let variant = "with num_experts"
    static let ggufArchitectures: [GGUFArchitecture] = [.bailingMoE, .llama]

    let plan: DecoderPlan

    /// The dense XVERSE models share the class name and have no experts.
    static func matches(_ configuration: CheckpointConfiguration) -> Bool { configuration.has("num_experts") }

    init(_ configuration: CheckpointConfiguration) throws {
        let counts = try configuration.expertCounts(all: "num_experts", used: "moe_top_k")
        plan = try configuration.decoderPlan(
            .bailingMoE,
            feedForward: .experts(
                .init(
                    count: counts.all, usedCount: counts.used, length: configuration.count("intermediate_size"),
                    sharedCount: configuration.count("num_shared_experts", default: 0, minimum: 0),
                    normalizesWeights: configuration.bool("norm_topk_prob", default: true), weightScale: 1)))
    }

    func storage(of name: TensorName) -> [WeightStorage] {
        let block = "model.layers.\(name.layer ?? 0).mlp"
        func experts(_ matrix: String) -> [WeightStorage] {
            [.separate((0..<(plan.experts?.count ?? 0)).map { "\(block).experts.\($0).\(matrix)_proj.weight" })]
        }
        func shared(_ matrix: String) -> [WeightStorage] {
            [.separate(["\(block).shared_experts.\(matrix)_proj.weight"])]
        }
        return switch name.role {
        case .router: [.separate(["\(block).router.weight"])]
        case .expertsGate: experts("gate")
        case .expertsUp: experts("up")
        case .expertsDown: experts("down")
        case .sharedGate: shared("gate")
        case .sharedUp: shared("up")
        case .sharedDown: shared("down")
        default: LlamaStorage.of(name, isTied: plan.tiesOutputToEmbedding)
        }
    }
}
