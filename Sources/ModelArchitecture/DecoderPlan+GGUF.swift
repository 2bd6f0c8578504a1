import Files
import GGUF

extension DecoderPlan {
    /// Reads the plan from a GGUF's metadata.
    ///
    /// - Parameters:
    ///   - metadata: the metadata of the file.
    ///   - vocabularySize: the number of rows of the token embedding.
    ///   - tiesOutputToEmbedding: whether the file has no output matrix.
    ///   - hasFrequencyFactors: whether the file has `rope_freqs.weight`.
    /// - Throws: ``ArchitectureError`` for unknown architectures, missing keys and values out of range.
    public init(
        metadata: GGUFMetadata, vocabularySize: Int, tiesOutputToEmbedding: Bool, hasFrequencyFactors: Bool
    ) throws(ArchitectureError) {
        let architectureKey = "general.architecture"
        guard let name = metadata.string(ByteString(architectureKey)) else {
            throw ArchitectureError(.missingKey, key: architectureKey)
        }
        guard let architecture = GGUFArchitecture(rawValue: name) else {
            let known = GGUFArchitecture.allCases.map(\.rawValue)
            throw ArchitectureError(.unknownArchitecture(name, known: known), key: architectureKey)
        }
        let keys = KeyReader(metadata: metadata, prefix: architecture.rawValue)
        let embeddingLength = try keys.count("embedding_length")
        let headCount = try keys.count("attention.head_count")
        let keyValueHeadCount = try keys.count("attention.head_count_kv", default: headCount)
        let headLength = try keys.count("attention.key_length", default: embeddingLength / headCount)
        guard headCount.isMultiple(of: keyValueHeadCount) else {
            throw keys.invalid("attention.head_count_kv", "\(keyValueHeadCount)", "a divisor of \(headCount)")
        }
        guard try keys.count("attention.value_length", default: headLength) == headLength else {
            throw keys.invalid("attention.value_length", "another length", "the key length, \(headLength)")
        }
        let rotated = try keys.count("rope.dimension_count", default: headLength)
        guard rotated <= headLength, rotated.isMultiple(of: 2) else {
            throw keys.invalid("rope.dimension_count", "\(rotated)", "an even number up to \(headLength)")
        }
        let contextLength = try keys.count("context_length")
        let rope = RotaryEmbedding(
            frequencyBase: try keys.number("rope.freq_base", default: 10_000), dimensionCount: rotated,
            hasFrequencyFactors: hasFrequencyFactors)
        try self.init(
            architecture: architecture,
            layerCount: keys.count("block_count", limit: KeyReader.tensorCountLimit),
            embeddingLength: embeddingLength,
            contextLength: contextLength,
            vocabularySize: vocabularySize,
            attention: Attention(headCount: headCount, keyValueHeadCount: keyValueHeadCount, headLength: headLength),
            rope: keys.scaled(rope, contextLength: contextLength),
            feedForward: keys.feedForward(architecture),
            normEpsilon: Float(keys.number("attention.layer_norm_rms_epsilon")),
            tiesOutputToEmbedding: tiesOutputToEmbedding
        )
        guard isCountable else {
            throw keys.invalid("embedding_length", "\(embeddingLength)", "sizes of fewer than 2^60 weights")
        }
    }

    /// The plan as metadata, under the keys that llama.cpp reads.
    public var metadata: GGUFMetadata {
        var metadata = GGUFMetadata()
        func key(_ name: String) -> ByteString { ByteString("\(architecture.rawValue).\(name)") }
        metadata["general.architecture"] = .string(ByteString(architecture.rawValue))
        metadata[key("block_count")] = .uint32(UInt32(layerCount))
        metadata[key("context_length")] = .uint32(UInt32(contextLength))
        metadata[key("embedding_length")] = .uint32(UInt32(embeddingLength))
        metadata[key("vocab_size")] = .uint32(UInt32(vocabularySize))
        metadata[key("attention.head_count")] = .uint32(UInt32(attention.headCount))
        metadata[key("attention.head_count_kv")] = .uint32(UInt32(attention.keyValueHeadCount))
        if architecture == .bailingMoE || attention.queryLength != embeddingLength {
            metadata[key("attention.key_length")] = .uint32(UInt32(attention.headLength))
            metadata[key("attention.value_length")] = .uint32(UInt32(attention.headLength))
        }
        metadata[key("attention.layer_norm_rms_epsilon")] = .float32(normEpsilon)
        metadata[key("rope.freq_base")] = .float32(Float(rope.frequencyBase))
        metadata[key("rope.dimension_count")] = .uint32(UInt32(rope.dimensionCount))
        switch rope.scaling {
        case .none, .llama3: break
        case .linear(let factor):
            metadata[key("rope.scaling.type")] = .string("linear")
            metadata[key("rope.scaling.factor")] = .float32(Float(factor))
        case .yarn(let yarn):
            metadata[key("rope.scaling.type")] = .string("yarn")
            metadata[key("rope.scaling.factor")] = .float32(Float(yarn.factor))
            metadata[key("rope.scaling.original_context_length")] = .uint32(UInt32(yarn.originalContextLength))
        }
        if rope.amplitude != rope.scaling.usualAmplitude {
            metadata[key("rope.scaling.attn_factor")] = .float32(Float(rope.amplitude / rope.scaling.usualAmplitude))
        }
        switch feedForward {
        case .dense(let length):
            metadata[key("feed_forward_length")] = .uint32(UInt32(length))
        case .experts(let experts):
            metadata[key("feed_forward_length")] = .uint32(UInt32(experts.length))
            metadata[key("expert_count")] = .uint32(UInt32(experts.count))
            metadata[key("expert_used_count")] = .uint32(UInt32(experts.usedCount))
            guard architecture == .bailingMoE else { break }
            metadata[key("expert_shared_count")] = .uint32(UInt32(experts.sharedCount))
            metadata[key("expert_feed_forward_length")] = .uint32(UInt32(experts.length))
            metadata[key("expert_weights_norm")] = .bool(experts.normalizesWeights)
            metadata[key("expert_weights_scale")] = .float32(experts.weightScale)
            metadata[key("leading_dense_block_count")] = .uint32(0)
        }
        return metadata
    }
}
