import ModelArchitecture
import TensorCore

extension CheckpointConfiguration {
    /// The rotary embedding that `rope_parameters` describes, or `rope_scaling` and `rope_theta` in older checkpoints.
    ///
    /// Dynamic NTK scaling is the plain embedding up to the trained context, and longer ones are not computed.
    func rotaryEmbedding(
        dimensionCount: Int, contextLength: Int, frequencyBase: Double
    ) throws -> DecoderPlan.RotaryEmbedding {
        let parameters = try section("rope_parameters") ?? section("rope_scaling")
        for key: ByteString in ["full_attention", "sliding_attention"] {
            try parameters?.refuse(key, because: "one embedding for all layers")
        }
        let rotated = try parameters?.number("partial_rotary_factor", default: 1) ?? 1
        guard rotated == 1, try number("partial_rotary_factor", default: 1) == 1 else {
            throw (parameters ?? self).invalid("partial_rotary_factor", "1: partly rotated heads are not supported")
        }
        let base = try number("rope_theta", default: frequencyBase)
        var rope = DecoderPlan.RotaryEmbedding(
            frequencyBase: try parameters?.number("rope_theta", default: base) ?? base, dimensionCount: dimensionCount)
        guard let parameters else { return rope }
        switch try parameters.string("rope_type") ?? parameters.string("type") ?? "default" {
        case "default", "dynamic": break
        case "linear":
            rope.scaling = .linear(factor: try parameters.number("factor"))
        case "yarn":
            let yarn = try parameters.yarn(contextLength: contextLength)
            rope.scaling = .yarn(yarn)
            rope.amplitude = try parameters.amplitude(of: yarn)
        case "llama3":
            rope.scaling = .llama3(try parameters.llama3(contextLength: contextLength))
        default:
            throw parameters.invalid(
                parameters.has("rope_type") ? "rope_type" : "type", "default, linear, dynamic, yarn or llama3")
        }
        return rope
    }

    private func yarn(contextLength: Int) throws -> DecoderPlan.RotaryEmbedding.YaRN {
        let hasOriginal = has("original_max_position_embeddings")
        let original = try count("original_max_position_embeddings", default: contextLength)
        let yarn = DecoderPlan.RotaryEmbedding.YaRN(
            factor: try number("factor", default: hasOriginal ? Double(contextLength) / Double(original) : nil),
            originalContextLength: original, fastRotations: try number("beta_fast", default: 32),
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

    private func llama3(contextLength: Int) throws -> DecoderPlan.RotaryEmbedding.Llama3 {
        let llama3 = DecoderPlan.RotaryEmbedding.Llama3(
            factor: try number("factor"), lowFrequencyFactor: try number("low_freq_factor"),
            highFrequencyFactor: try number("high_freq_factor"),
            originalContextLength: try count("original_max_position_embeddings", default: contextLength))
        guard llama3.lowFrequencyFactor < llama3.highFrequencyFactor else {
            throw invalid("high_freq_factor", "more than low_freq_factor, \(llama3.lowFrequencyFactor)")
        }
        return llama3
    }
}
