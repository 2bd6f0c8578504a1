/// The GGUF architectures that a ``DecoderPlan`` can be read from and written as.
public enum GGUFArchitecture: String, Sendable, Hashable, CaseIterable {
    /// Softmax router, ungated shared experts: also what XVERSE-MoE computes.
    case bailingMoE = "bailingmoe"
    /// Dense, or with renormalised experts and no shared ones: Llama, Mistral, Mixtral.
    case llama
    /// Dense XVERSE.
    case xverse
}

extension GGUFArchitecture {
    /// Whether llama.cpp looks for a tensor of frequency factors.
    var readsFrequencyFactors: Bool { self == .llama }

    /// What of a plan llama.cpp's loader for this architecture has no place for; empty if it can run the plan.
    func obstacles(to plan: DecoderPlan) -> [String] {
        var found: [String] = []
        func refuse(_ condition: Bool, _ what: String) {
            if condition { found.append(what) }
        }
        switch self {
        case .bailingMoE:
            refuse(plan.experts == nil, "no routed experts")
            refuse(plan.experts?.sharedCount == 0, "no shared expert")
            refuse(plan.tiesOutputToEmbedding, "tied embeddings")
        case .llama:
            refuse((plan.experts?.sharedCount ?? 0) > 0, "shared experts")
            refuse(plan.experts?.normalizesWeights == false, "expert weights that are not renormalised")
            refuse(plan.experts.map { $0.weightScale != 1 } ?? false, "scaled expert weights")
        case .xverse:
            refuse(plan.experts != nil, "routed experts")
            refuse(plan.tiesOutputToEmbedding, "tied embeddings")
            refuse(plan.attention.queryLength != plan.embeddingLength, "heads that do not add up to the hidden size")
        }
        refuse(plan.rope.dimensionCount != plan.attention.headLength, "partly rotated heads")
        refuse(!plan.rope.scaling.isMetadata, "rope scaling that needs frequency factors")
        refuse(plan.rope.hasFrequencyFactors && !readsFrequencyFactors, "rope frequency factors")
        return found
    }
}

extension DecoderPlan {
    /// The plan of the same computation for the first of `architectures` under which llama.cpp can run it.
    ///
    /// Rope scaling that llama.cpp has no keys for becomes frequency factors. If tied embeddings are all that stands in
    /// the way, the plan gets an output matrix of its own, a copy of the embedding.
    ///
    /// - Throws: ``ArchitectureError`` with what each architecture cannot express.
    public func expressed(asOneOf architectures: [GGUFArchitecture]) throws(ArchitectureError) -> DecoderPlan {
        var untied = self
        untied.tiesOutputToEmbedding = false
        var obstacles: [String] = []
        for variant in tiesOutputToEmbedding ? [self, untied] : [self] {
            obstacles = []
            for architecture in architectures {
                var plan = variant
                plan.architecture = architecture
                if architecture.readsFrequencyFactors, !rope.scaling.isMetadata {
                    plan.rope.scaling = .none
                    plan.rope.hasFrequencyFactors = true
                }
                let found = architecture.obstacles(to: plan)
                if found.isEmpty { return plan }
                obstacles.append("\(architecture.rawValue) has no place for \(found.joined(separator: ", "))")
            }
        }
        throw ArchitectureError(.inexpressible(obstacles), key: "architectures")
    }
}

extension DecoderPlan.RotaryEmbedding.Scaling {
    /// Whether metadata keys describe it to llama.cpp, which knows YaRN with its usual ramp only.
    var isMetadata: Bool {
        switch self {
        case .none, .linear: true
        case .yarn(let yarn): yarn.fastRotations == 32 && yarn.slowRotations == 1 && yarn.roundsRamp
        case .llama3: false
        }
    }

    /// The amplitude that llama.cpp takes for granted.
    var usualAmplitude: Double {
        if case .yarn(let yarn) = self { yarn.amplitude() } else { 1 }
    }
}
