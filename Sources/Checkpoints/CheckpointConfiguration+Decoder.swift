import ModelArchitecture
import TensorCore

extension CheckpointConfiguration {
    /// The plan of a decoder described by the keys that Llama and its descendants share.
    ///
    /// - Parameters:
    ///   - architecture: the first choice of the family's GGUF architectures.
    ///   - frequencyBase: the rotary base where the configuration gives none.
    /// - Throws: also for variants that the plan has no place for.
    func decoderPlan(
        _ architecture: GGUFArchitecture, feedForward: DecoderPlan.FeedForward, frequencyBase: Double = 10_000
    ) throws -> DecoderPlan {
        try require("hidden_act", is: "silu")
        for key: ByteString in ["attention_bias", "mlp_bias"] {
            guard try !bool(key, default: false) else { throw invalid(key, "false: biases are not supported") }
        }
        let contextLength = try count("max_position_embeddings")
        if has("sliding_window"), try count("sliding_window") < contextLength {
            throw invalid("sliding_window", "null, or the whole context: sliding windows are not supported")
        }
        let attention = try attention()
        return DecoderPlan(
            architecture: architecture,
            layerCount: try count("num_hidden_layers", limit: Self.tensorCountLimit),
            embeddingLength: try count("hidden_size"),
            contextLength: contextLength,
            vocabularySize: try count("vocab_size"),
            attention: attention,
            rope: try rotaryEmbedding(
                dimensionCount: attention.headLength, contextLength: contextLength, frequencyBase: frequencyBase),
            feedForward: feedForward,
            normEpsilon: Float(try number("rms_norm_eps")),
            tiesOutputToEmbedding: try bool("tie_word_embeddings", default: false))
    }

    /// Counts of all routed experts and of those that each token uses.
    func expertCounts(all: ByteString, used: ByteString) throws -> (all: Int, used: Int) {
        let expertCount = try count(all, limit: Self.tensorCountLimit)
        let usedCount = try count(used)
        guard usedCount <= expertCount else { throw invalid(used, "at most \(all) (\(expertCount))") }
        return (expertCount, usedCount)
    }

    private func attention() throws -> DecoderPlan.Attention {
        let width = try count("hidden_size")
        let headCount = try count("num_attention_heads")
        let headLength = try count("head_dim", default: max(1, width / headCount))
        let keyValueHeadCount = try count("num_key_value_heads", default: headCount)
        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw invalid("num_key_value_heads", "a divisor of num_attention_heads (\(headCount))")
        }
        let isHeadLengthGiven = has("head_dim")
        guard headLength.isMultiple(of: 2), isHeadLengthGiven || headLength * headCount == width else {
            throw isHeadLengthGiven
                ? invalid("head_dim", "an even number")
                : invalid("hidden_size", "an even multiple of num_attention_heads (\(headCount))")
        }
        return .init(headCount: headCount, keyValueHeadCount: keyValueHeadCount, headLength: headLength)
    }
}
