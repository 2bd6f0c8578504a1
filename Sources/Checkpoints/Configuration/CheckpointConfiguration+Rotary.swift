import Files
import ModelArchitecture

extension CheckpointConfiguration {
    /// The rotary embedding that `rope_scaling` describes or, where it is absent or empty, `rope_parameters`, each with
    /// `rope_theta` for what it does not say.
    ///
    /// transformers 5 takes the one or the other as a whole: a base in `rope_parameters` is not that of `rope_scaling`.
    /// Dynamic NTK scaling is the plain embedding up to the trained context, and longer ones are not computed.
    func rotaryEmbedding(
        dimensionCount: Int, contextLength: Int
    ) throws -> DecoderPlan.RotaryEmbedding {
        let described = try ["rope_scaling", "rope_parameters"].compactMap { try section($0) }
        let parameters = described.first { !$0.isEmpty } ?? described.last
        for section in described {
            if let layers = section.nestedKey {
                throw section.invalid(layers, "one embedding for all layers: not one for each kind of layer")
            }
        }
        let rotated = try parameters?.number("partial_rotary_factor", default: 1) ?? 1
        guard rotated == 1, try number("partial_rotary_factor", default: 1) == 1 else {
            throw (parameters ?? self).invalid("partial_rotary_factor", "1: partly rotated heads are not supported")
        }
        let withBase = parameters.flatMap { $0.has("rope_theta") ? $0 : nil } ?? self
        var rope = DecoderPlan.RotaryEmbedding(
            frequencyBase: try withBase.number("rope_theta"), dimensionCount: dimensionCount)
        guard let parameters else { return rope }
        // Beside the description, as Phi 3 has it, the key goes before the one in it.
        let original = try originalContextLength ?? parameters.originalContextLength
        switch try parameters.string("rope_type") ?? parameters.string("type") ?? "default" {
        case "default", "dynamic": break
        case "linear":
            rope.scaling = .linear(factor: try parameters.number("factor"))
        case "yarn":
            let yarn = try parameters.yarn(contextLength: contextLength, original: original)
            rope.scaling = .yarn(yarn)
            rope.amplitude = try parameters.amplitude(of: yarn)
        case "llama3":
            rope.scaling = .llama3(try parameters.llama3(original: original ?? contextLength))
        default:
            throw parameters.invalid(
                parameters.has("rope_type") ? "rope_type" : "type", "default, linear, dynamic, yarn or llama3")
        }
        return rope
    }

    /// Tokens that the model was trained on before it was stretched, where the configuration says so.
    private var originalContextLength: Int? {
        get throws {
            let key: ByteString = "original_max_position_embeddings"
            return has(key) ? try count(key) : nil
        }
    }

    private func yarn(contextLength: Int, original: Int?) throws -> DecoderPlan.RotaryEmbedding.YaRN {
        let yarn = DecoderPlan.RotaryEmbedding.YaRN(
            factor: try number("factor", default: original.map { Double(contextLength) / Double($0) }),
            originalContextLength: original ?? contextLength, fastRotations: try number("beta_fast", default: 32),
            slowRotations: try number("beta_slow", default: 1), roundsRamp: try bool("truncate", default: true))
        guard yarn.factor >= 1 else { throw invalid("factor", "1 or more") }
        return yarn
    }

    /// YaRN's attention factor, as given or from the two multipliers whose ratio some checkpoints give instead.
    private func amplitude(of yarn: DecoderPlan.RotaryEmbedding.YaRN) throws -> Double {
        if has("attention_factor") { return try number("attention_factor") }
        guard has("mscale"), has("mscale_all_dim") else { return yarn.amplitude() }
        return try yarn.amplitude(multiplier: number("mscale"))
            / yarn.amplitude(multiplier: number("mscale_all_dim"))
    }

    private func llama3(original: Int) throws -> DecoderPlan.RotaryEmbedding.Llama3 {
        let llama3 = DecoderPlan.RotaryEmbedding.Llama3(
            factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
            highFrequencyFactor: try number("high_freq_factor"),
            originalContextLength: original)
        guard llama3.lowFrequencyFactor < llama3.highFrequencyFactor else {
            throw invalid("high_freq_factor", "more than low_freq_factor, \(llama3.lowFrequencyFactor)")
        }
        return llama3
    }
}
