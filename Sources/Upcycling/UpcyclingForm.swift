import ModelArchitecture

/// The family of models that an upcycled checkpoint is one of: what its configuration and its tensors are called.
public enum UpcyclingForm: String, Sendable, CaseIterable {
    /// XVERSE-MoE: routed experts beside ungated shared ones.
    case xverseMoE = "xverse-moe"
    /// Mixtral: routed experts alone.
    case mixtral

    /// The name of the model's class in `config.json`.
    var className: String {
        switch self {
        case .xverseMoE: "XverseForCausalLM"
        case .mixtral: "MixtralForCausalLM"
        }
    }

    /// The GGUF architectures of the same computation, best first.
    var ggufArchitectures: [GGUFArchitecture] {
        switch self {
        case .xverseMoE: [.bailingMoE, .llama]
        case .mixtral: [.llama]
        }
    }

    /// A matrix of a feed-forward block.
    enum Matrix: String, CaseIterable, Sendable {
        case gate, up, down
    }

    /// The name of a dense block's matrix in all families that are upcycled.
    static func dense(_ matrix: Matrix, layer: Int) -> String {
        "model.layers.\(layer).mlp.\(matrix.rawValue)_proj.weight"
    }

    /// The name of a layer's router.
    func router(layer: Int) -> String {
        switch self {
        case .xverseMoE: "model.layers.\(layer).mlp.router.weight"
        case .mixtral: "model.layers.\(layer).block_sparse_moe.gate.weight"
        }
    }

    /// The name of a routed expert's matrix.
    func expert(_ matrix: Matrix, _ expert: Int, layer: Int) -> String {
        switch self {
        case .xverseMoE: return "model.layers.\(layer).mlp.experts.\(expert).\(matrix.rawValue)_proj.weight"
        case .mixtral:
            let name =
                switch matrix {
                case .gate: "w1"
                case .up: "w3"
                case .down: "w2"
                }
            return "model.layers.\(layer).block_sparse_moe.experts.\(expert).\(name).weight"
        }
    }

    /// The name of the shared block's matrix, in the family that has one.
    static func shared(_ matrix: Matrix, layer: Int) -> String {
        "model.layers.\(layer).mlp.shared_experts.\(matrix.rawValue)_proj.weight"
    }
}
