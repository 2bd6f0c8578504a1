import Files
import ModelArchitecture

extension CheckpointDescription {
    /// The plan of a decoder described by the keys that Llama and its descendants share.
    ///
    /// - Parameter architecture: the first choice of the family's GGUF architectures.
    /// - Throws: also for variants that the plan has no place for.
    func decoderPlan(
        _ architecture: GGUFArchitecture, feedForward: DecoderPlan.FeedForward
    ) throws -> DecoderPlan {
        let configuration = configuration
        try configuration.require("hidden_act", is: "silu")
        for key: ByteString in ["attention_bias", "mlp_bias"] {
            guard try !configuration.bool(key, default: false) else {
                throw configuration.invalid(key, "false: biases are not supported")
            }
        }
        let contextLength = try configuration.trainedContextLength
        let attention = try configuration.attention()
        return DecoderPlan(
            architecture: architecture,
            layerCount: try configuration.count(
                "num_hidden_layers", limit: CheckpointConfiguration.tensorCountLimit),
            embeddingLength: try configuration.count("hidden_size"),
            contextLength: min(contextLength, try configuration.slidingWindow ?? contextLength),
            vocabularySize: try configuration.count("vocab_size"),
            attention: attention,
            rope: try configuration.rotaryEmbedding(
                dimensionCount: attention.headLength, contextLength: contextLength),
            feedForward: feedForward,
            normEpsilon: Float(try configuration.number("rms_norm_eps")),
            tiesOutputToEmbedding: try tiesOutputToEmbedding)
    }
}

extension CheckpointConfiguration {
    /// Tokens that the model was trained to see at once, beyond a window too.
    var trainedContextLength: Int { get throws { try count("max_position_embeddings") } }

    /// Tokens that each token attends to, itself included; nil for all before it.
    ///
    /// Up to this length a text has the same logits with a window and without. llama.cpp's `llama` knows none, and its
    /// converter passes over them.
    var slidingWindow: Int? { get throws { has("sliding_window") ? try count("sliding_window") : nil } }

    /// Counts of all routed experts and of those that each token uses.
    func expertCounts(all: ByteString, used: ByteString) throws -> (all: Int, used: Int) {
        let expertCount = try count(all, limit: Self.tensorCountLimit)
        let usedCount = try count(used)
        guard usedCount <= expertCount else { throw invalid(used, "at most \(all) (\(expertCount))") }
        return (expertCount, usedCount)
    }

    fileprivate func attention() throws -> DecoderPlan.Attention {
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
