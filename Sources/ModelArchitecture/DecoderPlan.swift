/// Everything the forward pass of a pre-norm decoder needs to know besides its weights.
///
/// Rotary embeddings rotate neighbouring pairs (llama.cpp's NORM style): checkpoints that rotate halves are permuted
/// on the way in.
public struct DecoderPlan: Sendable, Hashable {
    /// The GGUF architecture that computes this.
    public var architecture: GGUFArchitecture
    /// The number of layers, all of the same shape.
    public var layerCount: Int
    /// The width of the residual stream in elements.
    public var embeddingLength: Int
    /// The longest sequence that the model was made for, in tokens.
    public var contextLength: Int
    /// The number of rows of the token embedding.
    public var vocabularySize: Int
    /// The heads of each layer's attention.
    public var attention: Attention
    /// The rotation of queries and keys by their positions.
    public var rope: RotaryEmbedding
    /// The part of each layer after attention: one block, or routed experts.
    public var feedForward: FeedForward
    /// The number that every norm adds to the mean square before taking its root.
    public var normEpsilon: Float
    /// Whether the output matrix is the token embedding.
    public var tiesOutputToEmbedding: Bool

    /// The shape of attention in which groups of query heads share a key and a value head (Ainslie et al., arXiv
    /// 2305.13245).
    public struct Attention: Sendable, Hashable {
        /// The number of query heads.
        public var headCount: Int
        /// The number of key heads, which is that of value heads.
        public var keyValueHeadCount: Int
        /// The elements of each head.
        public var headLength: Int

        /// Attention of these heads; `headCount` is a multiple of `keyValueHeadCount`.
        public init(headCount: Int, keyValueHeadCount: Int, headLength: Int) {
            self.headCount = headCount
            self.keyValueHeadCount = keyValueHeadCount
            self.headLength = headLength
        }

        /// The width of all query heads together, in elements.
        public var queryLength: Int { headCount * headLength }
        /// The width of all key heads together, or of all value heads, in elements.
        public var keyValueLength: Int { keyValueHeadCount * headLength }
    }

    /// The blocks of a layer that compute `down(silu(gate(x)) · up(x))`: a single one, or routed experts.
    public enum FeedForward: Sendable, Hashable {
        /// One block of this inner width, in elements.
        case dense(length: Int)
        /// Routed experts, and perhaps a shared block beside them.
        case experts(Experts)
    }

    /// A mixture of experts: softmax over all routed experts, the best of them weighted by their probabilities, beside
    /// a shared block.
    public struct Experts: Sendable, Hashable {
        /// The number of routed experts.
        public var count: Int
        /// The number of routed experts that each token passes through, at most ``count``.
        public var usedCount: Int
        /// The inner width of one expert in elements, padding included.
        public var length: Int
        /// The number of shared experts, which every token passes through; they form one ungated block of width
        /// `sharedCount · length`.
        public var sharedCount: Int
        /// Whether the weights of the selected experts are scaled to sum to 1.
        public var normalizesWeights: Bool
        /// The factor on the selected experts' weights.
        public var weightScale: Float

        /// The shape of a mixture of experts.
        ///
        /// - Parameters:
        ///   - count: Routed experts.
        ///   - usedCount: Routed experts that each token passes through.
        ///   - length: Inner width of one expert, in elements.
        ///   - sharedCount: Shared experts; 0 for none.
        ///   - normalizesWeights: Whether the weights of the selected experts are scaled to sum to 1.
        ///   - weightScale: Factor on these weights.
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

        /// The inner width of the shared block in elements.
        var sharedLength: Int { sharedCount * length }
    }

    /// A plan from its parts; nothing is checked.
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

    /// The shape of the experts; nil for a dense model.
    public var experts: Experts? {
        if case .experts(let experts) = feedForward { experts } else { nil }
    }
}
