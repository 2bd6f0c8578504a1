import GGUFContainer
import TensorCore

extension DecoderPlan {
    /// Reads the plan from a GGUF's metadata.
    ///
    /// - Parameters:
    ///   - vocabularySize: rows of the token embedding.
    ///   - tiesOutputToEmbedding: whether the file has no output matrix.
    /// - Throws: for unknown architectures, missing keys and values out of range.
    public init(
        metadata: GGUFMetadata, vocabularySize: Int, tiesOutputToEmbedding: Bool
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
        try self.init(
            architecture: architecture.rawValue,
            layerCount: keys.count("block_count", limit: KeyReader.tensorCountLimit),
            embeddingLength: embeddingLength,
            contextLength: keys.count("context_length"),
            vocabularySize: vocabularySize,
            attention: Attention(headCount: headCount, keyValueHeadCount: keyValueHeadCount, headLength: headLength),
            rope: RotaryEmbedding(
                frequencyBase: keys.number("rope.freq_base", default: 10_000), dimensionCount: rotated),
            feedForward: .experts(keys.experts()),
            normEpsilon: Float(keys.number("attention.layer_norm_rms_epsilon")),
            tiesOutputToEmbedding: tiesOutputToEmbedding
        )
        try keys.refuseUnsupported()
    }

    /// The plan as the metadata that llama.cpp reads.
    public var metadata: GGUFMetadata {
        var metadata = GGUFMetadata()
        func key(_ name: String) -> ByteString { ByteString("\(architecture).\(name)") }
        metadata["general.architecture"] = .string(ByteString(architecture))
        metadata[key("block_count")] = .uint32(UInt32(layerCount))
        metadata[key("context_length")] = .uint32(UInt32(contextLength))
        metadata[key("embedding_length")] = .uint32(UInt32(embeddingLength))
        metadata[key("vocab_size")] = .uint32(UInt32(vocabularySize))
        metadata[key("attention.head_count")] = .uint32(UInt32(attention.headCount))
        metadata[key("attention.head_count_kv")] = .uint32(UInt32(attention.keyValueHeadCount))
        metadata[key("attention.key_length")] = .uint32(UInt32(attention.headLength))
        metadata[key("attention.value_length")] = .uint32(UInt32(attention.headLength))
        metadata[key("attention.layer_norm_rms_epsilon")] = .float32(normEpsilon)
        metadata[key("rope.freq_base")] = .float32(Float(rope.frequencyBase))
        metadata[key("rope.dimension_count")] = .uint32(UInt32(rope.dimensionCount))
        switch feedForward {
        case .dense(let length):
            metadata[key("feed_forward_length")] = .uint32(UInt32(length))
        case .experts(let experts):
            metadata[key("feed_forward_length")] = .uint32(UInt32(experts.length))
            metadata[key("expert_count")] = .uint32(UInt32(experts.count))
            metadata[key("expert_used_count")] = .uint32(UInt32(experts.usedCount))
            metadata[key("expert_shared_count")] = .uint32(UInt32(experts.sharedCount))
            metadata[key("expert_feed_forward_length")] = .uint32(UInt32(experts.length))
            metadata[key("expert_weights_norm")] = .bool(experts.normalizesWeights)
            metadata[key("expert_weights_scale")] = .float32(experts.weightScale)
            metadata[key("leading_dense_block_count")] = .uint32(0)
        }
        return metadata
    }
}

/// Typed, range-checked access to the keys of one architecture.
private struct KeyReader {
    let metadata: GGUFMetadata
    let prefix: String

    /// Larger counts than any model has are damage.
    static let countLimit = 1 << 24
    /// For things that there is a tensor of each, such as layers.
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

    func experts() throws(ArchitectureError) -> DecoderPlan.Experts {
        let count = try count("expert_count")
        let usedCount = try self.count("expert_used_count")
        guard usedCount <= count else { throw invalid("expert_used_count", "\(usedCount)", "at most \(count)") }
        return DecoderPlan.Experts(
            count: count, usedCount: usedCount, length: try self.count("expert_feed_forward_length"),
            sharedCount: try self.count("expert_shared_count", default: 0, minimum: 0),
            normalizesWeights: metadata.bool(ByteString(key("expert_weights_norm"))) ?? false,
            weightScale: Float(try number("expert_weights_scale", default: 1)))
    }

    /// Refuses variants of the architecture that the plan cannot express.
    func refuseUnsupported() throws(ArchitectureError) {
        let denseLayers = try count("leading_dense_block_count", default: 0, minimum: 0)
        guard denseLayers == 0 else { throw invalid("leading_dense_block_count", "\(denseLayers)", "0") }
        if let scaling = metadata.string(ByteString(key("rope.scaling.type"))), scaling != "none" {
            throw invalid("rope.scaling.type", scaling, "no rope scaling")
        }
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
