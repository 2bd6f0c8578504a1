import Files
import ModelArchitecture

/// XVERSE-MoE-A4.2B and A36B, their chat versions and XVERSE-Ent: fine-grained routed experts beside ungated shared ones.
///
/// Written as `bailingmoe`, the llama.cpp architecture of the same computation, or without shared experts as `llama`.
struct XverseMoE: CheckpointArchitecture {
    static let classNames = ["XverseForCausalLM", moeClassName]
    static let variant = "with num_experts"
    static let defaults = ConfigurationDefaultsTables.xverseMoE
    static let ggufArchitectures: [GGUFArchitecture] = [.bailingMoE, .llama]

    let plan: DecoderPlan

    private static let moeClassName = "XverseMoeForCausalLM"

    /// The dense XVERSE models share a class name and have no experts, be it in `config.json` or among their tensors.
    static func matches(_ description: CheckpointDescription) -> Bool {
        description.configuration.has("num_experts")
            || description.configuration.architectures.contains(moeClassName)
            || description.tensors?.entry(named: "model.layers.0.mlp.router.weight") != nil
    }

    init(_ description: CheckpointDescription) throws {
        let configuration = description.configuration
        let counts = try configuration.expertCounts(all: "num_experts", used: "moe_top_k")
        plan = try description.decoderPlan(
            .bailingMoE,
            feedForward: .experts(
                .init(
                    count: counts.all, usedCount: counts.used, length: configuration.count("intermediate_size"),
                    sharedCount: Self.sharedExpertCount(description),
                    normalizesWeights: description.expertNormalization.applied(
                        to: configuration.bool("norm_topk_prob", default: true)),
                    weightScale: 1)))
    }

    /// The number of shared experts that `config.json` states; where it leaves the key out, as many as there are
    /// tensors for.
    private static func sharedExpertCount(_ description: CheckpointDescription) throws -> Int {
        let configuration = description.configuration
        let key: ByteString = "num_shared_experts"
        guard !configuration.isStated(key), let tensors = description.tensors else {
            return try configuration.count(key, default: 0, minimum: 0)
        }
        let gate = tensors.entry(named: "model.layers.0.mlp.shared_experts.gate_proj.weight")
        guard let rowCount = gate?.shape.first else { return 0 }
        let (count, rest) = try rowCount.quotientAndRemainder(dividingBy: configuration.count("intermediate_size"))
        return rest == 0 && count > 0 ? count : try configuration.count(key)
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
