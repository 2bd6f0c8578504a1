import ModelArchitecture

extension ForwardPass {
    /// The steps of a batch that is not small.
    func pipeline(rowCount: Int) throws -> WeightPipeline {
        let bank = 4 * largestGroupElementCount
        let needed = MemoryBudget.heldByteCount + bank + threadByteCount(longestSequence: 0)
        guard needed <= engine.memory.byteCount else {
            throw RuntimeError(
                .notEnoughMemory(neededByteCount: needed, budgetByteCount: engine.memory.byteCount))
        }
        return WeightPipeline(
            engine: engine, elementCount: largestGroupElementCount,
            bankCount: needed + bank <= engine.memory.byteCount ? 2 : 1,
            releasesPages: releasesPages)
    }

    /// The bytes of memory that a pass needs beside the states of its batch, if no sequence has more than
    /// `longestSequence` tokens.
    public func workByteCount(longestSequence: Int) -> Int {
        let attentionRows = max(longestSequence, AttentionBlock.groupLength)
        return 8 * largestGroupElementCount + 8 * attentionRows * plan.attention.keyValueLength
            + threadByteCount(longestSequence: longestSequence)
    }

    /// The bytes of memory for each token of a batch: the residual stream, the same after a norm, and the choice of
    /// experts.
    public var byteCountPerToken: Int { 8 * plan.embeddingLength + 32 * (plan.experts?.usedCount ?? 0) }

    /// Elements of the largest group of weights that one step needs.
    private var largestGroupElementCount: Int {
        let blocks = GatedBlock.all(of: plan).map { WeightGroup.gated($0, weights, layer: 0) }
        return (blocks + [.attention(weights, layer: 0)]).map(\.elementCount).max()!
    }

    /// Bytes that all threads need for their panels.
    private func threadByteCount(longestSequence: Int) -> Int {
        let attention = plan.attention
        let width = plan.embeddingLength
        let inner = GatedBlock.all(of: plan).map { weights[$0.roles.gate, 0].rows }.max() ?? 0
        let feedForward = HiddenStates.panelLength * (2 * width + 2 * inner)
        let attend =
            AttentionBlock.panelLength * (width + 2 * attention.queryLength)
            + CausalAttention.blockLength * longestSequence
        return engine.workers.count * (4 * (feedForward + attend) + 1 << 20)
    }
}
