import Files
import GGUF

/// Typed, range-checked access to the keys of one architecture.
struct KeyReader {
    let metadata: GGUFMetadata
    let prefix: String

    /// The greatest count that is believed; larger ones than any model has are damage.
    static let countLimit = 1 << 24
    /// The greatest count of things that have tensors of their own each, such as layers.
    static let tensorCountLimit = 1 << 14

    func count(
        _ name: String, default fallback: Int? = nil, minimum: Int = 1, limit: Int = countLimit
    ) throws(ArchitectureError) -> Int {
        guard let value = try value(name, default: fallback, metadata.integer) else {
            throw ArchitectureError(.missingKey, key: key(name))
        }
        guard (minimum...limit).contains(value) else {
            throw invalid(name, "\(value)", "\(minimum) to \(limit)")
        }
        return value
    }

    func number(_ name: String, default fallback: Double? = nil) throws(ArchitectureError) -> Double {
        guard let value = try value(name, default: fallback, metadata.double) else {
            throw ArchitectureError(.missingKey, key: key(name))
        }
        guard value.isFinite, value > 0 else { throw invalid(name, "\(value)", "a positive number") }
        return value
    }

    func feedForward(_ architecture: GGUFArchitecture) throws(ArchitectureError) -> DecoderPlan.FeedForward {
        let count = try count("expert_count", default: 0, minimum: architecture == .bailingMoE ? 1 : 0)
        guard count > 0 else { return .dense(length: try self.count("feed_forward_length")) }
        guard architecture != .xverse else { throw invalid("expert_count", "\(count)", "no experts") }
        let usedCount = try self.count("expert_used_count")
        guard usedCount <= count else { throw invalid("expert_used_count", "\(usedCount)", "at most \(count)") }
        if architecture == .llama {
            return .experts(
                .init(
                    count: count, usedCount: usedCount, length: try self.count("feed_forward_length"), sharedCount: 0,
                    normalizesWeights: true, weightScale: 1))
        }
        let denseLayers = try self.count("leading_dense_block_count", default: 0, minimum: 0)
        guard denseLayers == 0 else { throw invalid("leading_dense_block_count", "\(denseLayers)", "0") }
        return .experts(
            .init(
                count: count, usedCount: usedCount, length: try self.count("expert_feed_forward_length"),
                sharedCount: try self.count("expert_shared_count", default: 0, minimum: 0),
                normalizesWeights: metadata.bool(ByteString(key("expert_weights_norm"))) ?? false,
                weightScale: Float(try number("expert_weights_scale", default: 1))))
    }

    /// `rope` with the scaling that the metadata describes, in llama.cpp's reading of the keys.
    func scaled(
        _ rope: DecoderPlan.RotaryEmbedding, contextLength: Int
    ) throws(ArchitectureError) -> DecoderPlan.RotaryEmbedding {
        var rope = rope
        let factor = try number("rope.scaling.factor", default: try number("rope.scale_linear", default: 1))
        switch metadata.string(ByteString(key("rope.scaling.type"))) ?? "linear" {
        case "none": rope.scaling = .none
        case "linear": rope.scaling = factor == 1 ? .none : .linear(factor: factor)
        case "yarn":
            guard factor >= 1 else { throw invalid("rope.scaling.factor", "\(factor)", "1 or more") }
            for name in ["rope.scaling.yarn_ext_factor", "rope.scaling.yarn_attn_factor"] {
                let value = try number(name, default: 1)
                guard value == 1 else { throw invalid(name, "\(value)", "1") }
            }
            rope.scaling = .yarn(
                .init(
                    factor: factor,
                    originalContextLength: try count(
                        "rope.scaling.original_context_length", default: contextLength),
                    fastRotations: try number("rope.scaling.yarn_beta_fast", default: 32),
                    slowRotations: try number("rope.scaling.yarn_beta_slow", default: 1)))
        case let other: throw invalid("rope.scaling.type", "\"\(other)\"", "none, linear or yarn")
        }
        rope.amplitude = try number("rope.scaling.attn_factor", default: 1) * rope.scaling.usualAmplitude
        return rope
    }

    func invalid(_ name: String, _ found: String, _ expected: String) -> ArchitectureError {
        ArchitectureError(.invalidValue(found: found, expected: expected), key: key(name))
    }

    private func key(_ name: String) -> String { "\(prefix).\(name)" }

    private func value<T>(_ name: String, default fallback: T?, _ read: (ByteString) -> T?) throws(ArchitectureError)
        -> T?
    {
        let key = ByteString(key(name))
        if let value = read(key) { return value }
        guard metadata[key] == nil else { throw invalid(name, "a value of another type", "a number") }
        return fallback
    }
}
