import ModelArchitecture
import Numerics

extension ForwardPass {
    /// The steps of a batch that is not small.
    ///
    /// - Throws: ``RuntimeError`` if what no smaller batch would save does not fit: the weights of a step, the threads' panels,
    ///   and the cache's rows of the tokens.
    func pipeline(for batch: Batch) throws -> WeightPipeline {
        let bank = WeightPipeline.workingSet(elementCount: largestGroupElementCount, bankCount: 1)
        let cache = batch.cache == nil ? .none : KeyValueCache.workingSet(plan, tokenCount: batch.rowCount)
        let needed = bank + threadWorkingSet(batch.size) + cache
        // Batches are cut to what is left; what the allocator keeps of earlier ones must not end a run.
        try memory.demand(needed, held: MemoryBudget.programByteCount) {
            RuntimeError(.notEnoughMemory(neededByteCount: $0, budgetByteCount: $1))
        }
        return WeightPipeline(
            engine: engine, elementCount: largestGroupElementCount,
            bankCount: MemoryBudget.programByteCount + (needed + bank).byteCount <= memory.byteCount ? 2 : 1,
            releasesPages: releasesPages)
    }

    /// The memory that a run of a batch needs beside the states of its tokens, with weights decoded ahead.
    package func workingSet(_ size: BatchSize) -> WorkingSet {
        WeightPipeline.workingSet(elementCount: largestGroupElementCount, bankCount: 2)
            + AttentionBlock.heldWorkingSet(plan, size) + threadWorkingSet(size)
            + RotaryTable.workingSet(plan.rope, positionCount: size.longestSequence)
    }

    /// The memory of the states of a batch's tokens: the residual stream, and what a stage makes of it.
    package func stateWorkingSet(tokenCount: Int) -> WorkingSet {
        HiddenStates.workingSet("residual stream", rowCount: tokenCount, columns: plan.embeddingLength)
            + stageWorkingSet(tokenCount: tokenCount)
    }

    /// The memory that a stage needs for each token beside the residual stream: the same after a norm, and the choice of
    /// experts.
    package func stageWorkingSet(tokenCount: Int) -> WorkingSet {
        HiddenStates.workingSet("normalized stream", rowCount: tokenCount, columns: plan.embeddingLength)
            + (plan.experts.map { Routing.workingSet($0, rowCount: tokenCount) } ?? .none)
    }

    /// The memory of all threads' panels.
    func threadWorkingSet(_ size: BatchSize) -> WorkingSet {
        var thread = AttentionBlock.threadWorkingSet(plan, size)
        for block in GatedBlock.all(of: plan) {
            let inner = weights[block.roles.gate, 0].rows
            thread = thread.reused(for: block.threadWorkingSet(inner: inner, plan, size))
        }
        if let experts = plan.experts { thread = thread.reused(for: Routing.threadWorkingSet(experts, size)) }
        let rowCount = min(
            size.tokenCount, max(HiddenStates.panelLength, min(size.longestSequence, AttentionBlock.panelLength)))
        for matrix in stepGroups.flatMap(\.matrices) {
            thread = thread.reused(for: matrix.preparingWorkingSet(rowCount: matrix.rowsPerPiece))
                .reused(for: matrix.form.productWorkingSet(rowCount: rowCount))
                .reused(for: ScratchSpace.workingSet([.rounded: matrix.form.inputCount(rowCount: rowCount)]))
        }
        let router = plan.experts.map { $0.count * plan.embeddingLength } ?? 0
        return engine.workers.count * thread + WorkingSet("router", floatCount: router)
    }

    /// The groups of weights that steps need, of the experts of a layer the first.
    private var stepGroups: [WeightGroup] {
        (0..<plan.layerCount).flatMap { layer in
            GatedBlock.all(of: plan).map { .gated($0, weights, layer: layer) } + [.attention(weights, layer: layer)]
        }
    }

    /// Elements of the largest group of weights that one step needs.
    private var largestGroupElementCount: Int { stepGroups.map(\.elementCount).max()! }
}
