/// The role of a tensor in a decoder, whatever its name in the checkpoint is.
///
/// Matrices multiply from the left: a row of `[input width, output width]` makes one output element.
public enum TensorRole: String, Sendable, Hashable, CaseIterable {
    /// The token embedding: a row for each token.
    case tokenEmbedding
    /// The weight of the norm before the output matrix.
    case outputNorm
    /// The output matrix, which makes the logits.
    case output
    /// Divisors of the rotary frequencies.
    case rotaryFactors
    /// The weight of the norm before attention.
    case attentionNorm
    /// The matrix that makes queries.
    case attentionQuery
    /// The matrix that makes keys.
    case attentionKey
    /// The matrix that makes values.
    case attentionValue
    /// The matrix that the outputs of all heads go through.
    case attentionOutput
    /// The weight of the norm before the feed-forward block or the experts.
    case feedForwardNorm
    /// The matrix that makes a logit for each routed expert.
    case router
    /// The gate matrix of a dense block.
    case feedForwardGate
    /// The up matrix of a dense block.
    case feedForwardUp
    /// The down matrix of a dense block.
    case feedForwardDown
    /// The routed experts' gate matrices, stacked: the expert is the slowest dimension.
    case expertsGate
    /// The routed experts' up matrices, stacked: the expert is the slowest dimension.
    case expertsUp
    /// The routed experts' down matrices, stacked: the expert is the slowest dimension.
    case expertsDown
    /// The gate matrix of the shared block.
    case sharedGate
    /// The up matrix of the shared block.
    case sharedUp
    /// The down matrix of the shared block.
    case sharedDown

    /// Whether every layer has a tensor of its own in this role.
    public var isPerLayer: Bool {
        switch self {
        case .tokenEmbedding, .outputNorm, .output, .rotaryFactors: false
        default: true
        }
    }

    /// The part of the GGUF name that tells the role, such as `attn_q`.
    public var stem: String {
        switch self {
        case .tokenEmbedding: "token_embd"
        case .outputNorm: "output_norm"
        case .output: "output"
        case .rotaryFactors: "rope_freqs"
        case .attentionNorm: "attn_norm"
        case .attentionQuery: "attn_q"
        case .attentionKey: "attn_k"
        case .attentionValue: "attn_v"
        case .attentionOutput: "attn_output"
        case .feedForwardNorm: "ffn_norm"
        case .router: "ffn_gate_inp"
        case .feedForwardGate: "ffn_gate"
        case .feedForwardUp: "ffn_up"
        case .feedForwardDown: "ffn_down"
        case .expertsGate: "ffn_gate_exps"
        case .expertsUp: "ffn_up_exps"
        case .expertsDown: "ffn_down_exps"
        case .sharedGate: "ffn_gate_shexp"
        case .sharedUp: "ffn_up_shexp"
        case .sharedDown: "ffn_down_shexp"
        }
    }

    fileprivate static let byStem = Dictionary(uniqueKeysWithValues: allCases.map { ($0.stem, $0) })
}

/// A weight's place in a decoder: its role and, for a role that every layer has, the layer.
public struct TensorName: Sendable, Hashable, CustomStringConvertible {
    /// The role of the tensor in the decoder.
    public let role: TensorRole
    /// The number of the layer, from 0; nil for the tensors outside the layers.
    public let layer: Int?

    /// The name of a weight; `layer` has to be given for the roles that every layer has, and for no other.
    public init(_ role: TensorRole, layer: Int? = nil) {
        precondition((layer != nil) == role.isPerLayer, "a layer is given exactly for the roles that every layer has")
        self.role = role
        self.layer = layer
    }

    /// Parses names such as `output.weight` and `blk.7.ffn_down_exps.weight`.
    ///
    /// - Returns: nil for any other name, including other spellings of the layer's number (`blk.07`).
    public init?(gguf name: String) {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        let stem: Substring
        switch parts.count {
        case 2:
            (stem, layer) = (parts[0], nil)
        case 4:
            guard let number = Int(parts[1]), number >= 0 else { return nil }
            (stem, layer) = (parts[2], number)
        default:
            return nil
        }
        guard let role = TensorRole.byStem[String(stem)], role.isPerLayer == (layer != nil) else { return nil }
        self.role = role
        guard gguf == name else { return nil }
    }

    /// The tensor's name in llama.cpp, such as `output.weight` or `blk.7.ffn_down_exps.weight`.
    public var gguf: String {
        if let layer { "blk.\(layer).\(role.stem).weight" } else { "\(role.stem).weight" }
    }

    /// The tensor's name in llama.cpp.
    public var description: String { gguf }
}
