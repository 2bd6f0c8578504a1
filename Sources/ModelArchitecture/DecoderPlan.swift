/// Everything the forward pass of a pre-norm decoder needs to know besides its weights.
///
/// Rotary embeddings rotate neighbouring pairs (llama.cpp's NORM style): checkpoints that rotate halves are permuted
/// on the way in.
public struct DecoderPlan: Sendable, Hashable {
    /// The GGUF architecture that computes this.
    public var architecture: GGUFArchitecture
    public var layerCount: Int
    /// Width of the residual stream.
    public var embeddingLength: Int
    /// Longest sequence the model was made for, in tokens.
    public var contextLength: Int
    /// Rows of the token embedding.
    public var vocabularySize: Int
    public var attention: Attention
    public var rope: RotaryEmbedding
    public var feedForward: FeedForward
    /// Added to the mean square before its root is taken.
    public var normEpsilon: Float
    /// Whether the output projection is the token embedding.
    public var tiesOutputToEmbedding: Bool

    public struct Attention: Sendable, Hashable {
        public var headCount: Int
        public var keyValueHeadCount: Int
        /// Elements per head.
        public var headLength: Int

        public init(headCount: Int, keyValueHeadCount: Int, headLength: Int) {
            self.headCount = headCount
            self.keyValueHeadCount = keyValueHeadCount
            self.headLength = headLength
        }

        /// Width of all query heads.
        public var queryLength: Int { headCount * headLength }
        /// Width of all key (or value) heads.
        public var keyValueLength: Int { keyValueHeadCount * headLength }
    }

    /// `down(silu(gate(x)) · up(x))`, by one block or by routed experts.
    public enum FeedForward: Sendable, Hashable {
        case dense(length: Int)
        case experts(Experts)
    }

    /// Softmax over all routed experts, the best of them weighted by their probabilities, beside a shared block.
    public struct Experts: Sendable, Hashable {
        public var count: Int
        /// Experts that each token passes through.
        public var usedCount: Int
        /// Width of one expert, padding included.
        public var length: Int
        /// Shared experts; they form one ungated block of width `sharedCount · length`.
        public var sharedCount: Int
        /// Whether the weights of the selected experts are scaled to sum to 1.
        public var normalizesWeights: Bool
        /// Factor on the selected experts' weights.
        public var weightScale: Float

        public init(
            count: Int, usedCount: Int, length: Int, sharedCount: Int, normalizesWeights: Bool, weightScale: Float
        ) {
            self.count = count
            self.usedCount = usedCount
            self.length = length
            self.sharedCount = sharedCount
            self.normalizesWeights = normalizesWeights
            self.weightScale = weightScale
        }

        /// Width of the shared block.
        public var sharedLength: Int { sharedCount * length }
    }

    public init(
        architecture: GGUFArchitecture, layerCount: Int, embeddingLength: Int, contextLength: Int, vocabularySize: Int,
        attention: Attention, rope: RotaryEmbedding, feedForward: FeedForward, normEpsilon: Float,
        tiesOutputToEmbedding: Bool
    ) {
        self.architecture = architecture
        self.layerCount = layerCount
        self.embeddingLength = embeddingLength
        self.contextLength = contextLength
        self.vocabularySize = vocabularySize
        self.attention = attention
        self.rope = rope
        self.feedForward = feedForward
        self.normEpsilon = normEpsilon
        self.tiesOutputToEmbedding = tiesOutputToEmbedding
    }

    public var experts: Experts? {
        if case .experts(let experts) = feedForward { experts } else { nil }
    }
}
