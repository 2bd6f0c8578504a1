import Files
import GGUF
import ModelArchitecture
import Testing

@Suite struct DecoderPlanTests {
    static let dense = DecoderPlan(
        architecture: .llama, layerCount: 60, embeddingLength: 7168, contextLength: 32768, vocabularySize: 64000,
        attention: .init(headCount: 56, keyValueHeadCount: 8, headLength: 128),
        rope: .init(frequencyBase: 1e6, dimensionCount: 128), feedForward: .dense(length: 20480), normEpsilon: 1e-5,
        tiesOutputToEmbedding: false)

    static let routed = experts(count: 4, used: 2, shared: 0)
    static let shared = experts(count: 64, used: 6, shared: 2)

    static func experts(count: Int, used: Int, shared: Int, normalized: Bool = true) -> DecoderPlan {
        var plan = dense
        plan.feedForward = .experts(
            .init(
                count: count, usedCount: used, length: 20480, sharedCount: shared, normalizesWeights: normalized,
                weightScale: 1))
        if shared > 0 { plan.architecture = .bailingMoE }
        return plan
    }

    /// A GGUF's metadata says all that the plan says.
    @Test(arguments: [dense, routed, shared])
    func metadataRoundTrips(plan: DecoderPlan) throws {
        let yarn = DecoderPlan.RotaryEmbedding.YaRN(factor: 4, originalContextLength: 8192)
        for (scaling, amplitude) in [
            (.none, 1), (.none, 1.25), (.linear(factor: 2.5), 1), (.yarn(yarn), yarn.amplitude()),
        ] as [(DecoderPlan.RotaryEmbedding.Scaling, Double)] {
            var plan = plan
            plan.rope.scaling = scaling
            plan.rope.amplitude = amplitude
            #expect(
                try DecoderPlan(
                    metadata: plan.metadata, vocabularySize: plan.vocabularySize, tiesOutputToEmbedding: false,
                    hasFrequencyFactors: false) == plan)
        }
    }

    @Test func amplitudeBesideYaRNIsKept() throws {
        var plan = Self.dense
        plan.rope.scaling = .yarn(.init(factor: 4, originalContextLength: 8192))
        plan.rope.amplitude = 0.75
        let read = try DecoderPlan(
            metadata: plan.metadata, vocabularySize: 64000, tiesOutputToEmbedding: false, hasFrequencyFactors: false)
        #expect(abs(read.rope.amplitude - 0.75) < 1e-7)
    }

    static let preferences: [(DecoderPlan, Bool, [GGUFArchitecture], GGUFArchitecture, Bool)] = [
        (shared, false, [.bailingMoE, .llama], .bailingMoE, false),
        (shared, true, [.bailingMoE, .llama], .bailingMoE, false),
        (routed, true, [.bailingMoE, .llama], .llama, true),
        (dense, false, [.xverse, .llama], .xverse, false),
        (dense, true, [.xverse, .llama], .llama, true),
    ]

    /// An architecture that can hold tied embeddings comes before one that needs a copy.
    @Test(arguments: preferences)
    func isExpressed(
        plan: DecoderPlan, isTied: Bool, candidates: [GGUFArchitecture], architecture: GGUFArchitecture, staysTied: Bool
    ) throws {
        var plan = plan
        plan.tiesOutputToEmbedding = isTied
        let expressed = try plan.expressed(asOneOf: candidates)
        #expect(expressed.architecture == architecture)
        #expect(expressed.tiesOutputToEmbedding == staysTied)
    }

    @Test func otherHeadsThanTheHiddenSizeAreNoXverse() throws {
        var plan = Self.dense
        plan.attention.headLength = 64
        plan.rope.dimensionCount = 64
        #expect(try plan.expressed(asOneOf: [.xverse, .llama]).architecture == .llama)
        #expect(throws: ArchitectureError.self) { try plan.expressed(asOneOf: [.xverse]) }
    }

    @Test func llama3ScalingBecomesFactors() throws {
        var plan = Self.dense
        plan.rope.scaling = .llama3(
            .init(factor: 8, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalContextLength: 8192))
        let expressed = try plan.expressed(asOneOf: [.xverse, .llama])
        #expect(expressed.rope == .init(frequencyBase: 1e6, dimensionCount: 128, hasFrequencyFactors: true))
        #expect(
            expressed.tensors.last { $0.name.layer == nil && $0.dimensions == [64] }?.name.gguf == "rope_freqs.weight")
        #expect(throws: ArchitectureError.self) { try Self.shared.expressed(asOneOf: [.llama]) }
    }

    /// What llama.cpp's converter writes for models of these sizes.
    @Test func sizeLabels() {
        #expect(Self.routed.sizeLabel == "4x34B")
        #expect(Self.dense.sizeLabel == "34B")
    }

    @Test(arguments: [
        ("llama.rope.scaling.type", GGUFValue.string("longrope"), "llama.rope.scaling.type"),
        ("llama.rope.scaling.factor", .float32(-2), "llama.rope.scaling.factor"),
        ("llama.rope.scaling.yarn_attn_factor", .float32(2), "llama.rope.scaling.yarn_attn_factor"),
        ("llama.expert_used_count", .uint32(5), "llama.expert_used_count"),
        ("llama.attention.key_length", .uint32(64), "llama.rope.dimension_count"),
        ("llama.attention.value_length", .uint32(64), "llama.attention.value_length"),
        ("llama.attention.head_count_kv", .uint32(3), "llama.attention.head_count_kv"),
        ("llama.feed_forward_length", .string("20480"), "llama.feed_forward_length"),
    ])
    func refusesByKey(key: String, value: GGUFValue, reported: String) throws {
        var plan = Self.routed
        plan.rope.scaling = .yarn(.init(factor: 4, originalContextLength: 8192))
        var metadata = plan.metadata
        metadata[ByteString(key)] = value
        let error = #expect(throws: ArchitectureError.self) {
            try DecoderPlan(
                metadata: metadata, vocabularySize: 64000, tiesOutputToEmbedding: false, hasFrequencyFactors: false)
        }
        #expect(error?.key == reported)
    }
}
