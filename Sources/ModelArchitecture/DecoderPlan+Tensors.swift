extension DecoderPlan {
    /// A weight and the dimensions it must have, fastest first.
    public struct PlannedTensor: Sendable, Hashable {
        /// The weight's role and layer.
        public let name: TensorName
        /// The dimensions that the weight must have, fastest first.
        public let dimensions: [Int]
    }

    /// Every weight of the model, layer by layer, in the order a converted file holds them.
    public var tensors: [PlannedTensor] {
        var result = [planned(.tokenEmbedding)]
        for layer in 0..<layerCount {
            result += layerRoles.map { planned($0, layer: layer) }
        }
        result.append(planned(.outputNorm))
        if rope.hasFrequencyFactors { result.append(planned(.rotaryFactors)) }
        if !tiesOutputToEmbedding { result.append(planned(.output)) }
        return result
    }

    /// The roles that each layer has.
    var layerRoles: [TensorRole] {
        let attention: [TensorRole] = [
            .attentionNorm, .attentionQuery, .attentionKey, .attentionValue, .attentionOutput, .feedForwardNorm,
        ]
        switch feedForward {
        case .dense:
            return attention + [.feedForwardGate, .feedForwardUp, .feedForwardDown]
        case .experts(let experts):
            let shared: [TensorRole] = experts.sharedCount > 0 ? [.sharedGate, .sharedUp, .sharedDown] : []
            return attention + [.router, .expertsGate, .expertsUp, .expertsDown] + shared
        }
    }

    /// The dimensions of the weight in `role`, fastest first; those of a stack of experts end with the number of
    /// experts.
    public func dimensions(of role: TensorRole) -> [Int] {
        let width = embeddingLength
        let expert = experts?.length ?? 0
        let expertCount = experts?.count ?? 0
        let shared = experts?.sharedLength ?? 0
        let dense = if case .dense(let length) = feedForward { length } else { 0 }
        return switch role {
        case .tokenEmbedding, .output: [width, vocabularySize]
        case .outputNorm, .attentionNorm, .feedForwardNorm: [width]
        case .rotaryFactors: [rope.dimensionCount / 2]
        case .attentionQuery: [width, attention.queryLength]
        case .attentionKey, .attentionValue: [width, attention.keyValueLength]
        case .attentionOutput: [attention.queryLength, width]
        case .router: [width, expertCount]
        case .feedForwardGate, .feedForwardUp: [width, dense]
        case .feedForwardDown: [dense, width]
        case .expertsGate, .expertsUp: [width, expert, expertCount]
        case .expertsDown: [expert, width, expertCount]
        case .sharedGate, .sharedUp: [width, shared]
        case .sharedDown: [shared, width]
        }
    }

    private func planned(_ role: TensorRole, layer: Int? = nil) -> PlannedTensor {
        PlannedTensor(name: TensorName(role, layer: layer), dimensions: dimensions(of: role))
    }
}
