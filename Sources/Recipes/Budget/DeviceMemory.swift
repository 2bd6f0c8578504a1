import ModelArchitecture
import Tensors

/// The memory of a device on which llama.cpp runs a whole model, and the parts of it that are not for weights.
public struct DeviceMemory: Sendable, Hashable {
    /// The memory of the device in bytes.
    public var byteCount: Int
    /// The number of tokens that the key and value cache has room for.
    public var context: Int
    /// The type that keys and values are stored in.
    public var cacheType: CacheType
    /// The bytes that are kept free for the driver and for other work of the device.
    public var reserveByteCount: Int

    /// A type that llama.cpp can store keys and values in.
    public enum CacheType: String, Sendable, Hashable, CaseIterable {
        /// Half precision, 16 bits for each value.
        case f16
        /// Blocks of ggml's type Q8_0, 8.5 bits for each value.
        case q8_0

        /// Bytes of `count` values, a multiple of 32.
        func byteCount(_ count: Int) -> Int {
            switch self {
            case .f16: 2 * count
            case .q8_0: count / 32 * 34
            }
        }
    }

    /// Tokens that llama.cpp computes at a time.
    private static let batchLength = 512

    /// Describes the memory of a device and its use by llama.cpp.
    ///
    /// - Parameters:
    ///   - byteCount: The memory of the device in bytes.
    ///   - context: The tokens that the cache has room for.
    ///   - cacheType: The type of keys and values.
    ///   - reserveByteCount: The bytes that are kept free, 1 GiB unless told.
    public init(byteCount: Int, context: Int, cacheType: CacheType = .f16, reserveByteCount: Int = 1 << 30) {
        self.byteCount = byteCount
        self.context = context
        self.cacheType = cacheType
        self.reserveByteCount = reserveByteCount
    }

    /// The tokens of context that most use: what a model was made for, 8192 at most.
    public static func usualContext(_ plan: DecoderPlan) -> Int { min(8192, plan.contextLength) }

    /// The bytes of the key and value cache of a model, whose length is the context rounded up to a multiple of 256
    /// tokens.
    public func cacheByteCount(_ plan: DecoderPlan) -> Int {
        let length = (context + 255) / 256 * 256
        return 2 * plan.layerCount * cacheType.byteCount(length * plan.attention.keyValueLength)
    }

    /// The bytes of working memory that a model needs at most: the larger of the logits and the attention scores of a
    /// batch, with the mask and activations.
    ///
    /// Checked against llama.cpp's own figures, which are up to 40 % less. A quantized cache needs flash attention,
    /// which has no scores in memory.
    public func workByteCount(_ plan: DecoderPlan) -> Int {
        let length = (context + 255) / 256 * 256
        let scores = cacheType == .f16 ? plan.attention.headCount * length : 0
        let used =
            switch plan.feedForward {
            case .dense(let length): 2 * length + plan.embeddingLength
            case .experts(let experts): experts.usedCount * (2 * experts.length + plan.embeddingLength)
            }
        let inner = max(8 * plan.embeddingLength, used)
        return 4 * Self.batchLength * (max(plan.vocabularySize, scores) + length + inner)
    }

    /// The bytes that a model's cache, its working memory and the reserve leave for weights.
    ///
    /// - Throws: ``RecipeError`` if nothing is left, or if the cache cannot be of this type.
    public func weightByteLimit(of plan: DecoderPlan) throws(RecipeError) -> Int {
        try check(plan)
        let needed = otherByteCount(plan)
        guard needed < byteCount else {
            throw RecipeError(.deviceTooSmall(byteCount: byteCount, neededByteCount: needed, context: context))
        }
        return byteCount - needed
    }

    /// The bytes that a model needs beside its weights: cache, working memory and reserve.
    public func otherByteCount(_ plan: DecoderPlan) -> Int {
        cacheByteCount(plan) + workByteCount(plan) + reserveByteCount
    }

    /// Fails if llama.cpp cannot store keys and values of this type for the model's heads: a block has 32 values, and the
    /// heads must be of a length that its kernels for quantized caches are made for.
    ///
    /// - Throws: ``RecipeError``.
    public func check(_ plan: DecoderPlan) throws(RecipeError) {
        let headLength = plan.attention.headLength
        guard cacheType == .f16 || [64, 96, 128, 256].contains(headLength) else {
            throw RecipeError(.cacheTypeNotForHeads(cacheType.rawValue, headLength: headLength))
        }
    }

    /// The most tokens of context that fit beside weights of this size, a multiple of 256 unless it is what the model was
    /// made for; 0 if not even 256 do.
    ///
    /// - Parameters:
    ///   - weightByteCount: The bytes of the tensors on the device.
    ///   - plan: The model's plan, whose own context is the most.
    public func longestContext(besideWeights weightByteCount: Int, _ plan: DecoderPlan) -> Int {
        func fits(_ context: Int) -> Bool {
            var device = self
            device.context = context
            let (needed, overflow) = device.otherByteCount(plan).addingReportingOverflow(weightByteCount)
            return !overflow && needed <= byteCount
        }
        let most = plan.contextLength
        if fits(most) { return most }
        var (low, high) = (0, most / 256 + 1)
        while high - low > 1 {
            let middle = (low + high) / 2
            if fits(256 * middle) { low = middle } else { high = middle }
        }
        return 256 * low
    }

    /// The bytes of the tensors that llama.cpp keeps on the device: all but the token embedding, which stays with the
    /// processor unless it is the output matrix too.
    public static func deviceByteCount(of assignments: [TypeAssignment], _ plan: DecoderPlan) -> Int {
        deviceByteCount(of: assignments.map(\.tensor), plan)
    }

    /// The bytes of the tensors of a file that llama.cpp keeps on the device: all but the token embedding, which stays with
    /// the processor unless it is the output matrix too.
    ///
    /// - Parameters:
    ///   - tensors: The tensors as they are stored.
    ///   - plan: The model's plan.
    public static func deviceByteCount(of tensors: [TensorDescriptor], _ plan: DecoderPlan) -> Int {
        let embedding = TensorName(.tokenEmbedding).gguf
        return tensors.reduce(0) {
            $0 + (plan.tiesOutputToEmbedding || $1.name != embedding ? $1.alignedByteCount : 0)
        }
    }
}
