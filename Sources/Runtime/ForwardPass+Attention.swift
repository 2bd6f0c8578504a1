import ModelArchitecture
import TensorCore

extension ForwardPass {
    /// `hidden += output(attention(norm(hidden)))`.
    func attend(_ batch: Batch, layer: Int, hidden: HiddenStates) throws {
        let matrices = [TensorRole.attentionQuery, .attentionKey, .attentionValue, .attentionOutput]
            .map { weights[$0, layer] }
        let projections = try Projection.prepare(
            matrices, rowCount: batch.rowCount, slots: [.decodedA, .decodedB, .decodedC, .decodedD], engine: engine)
        let block = AttentionBlock(
            plan: plan, layer: layer, norm: try vector(.attentionNorm, layer: layer), query: projections[0],
            key: projections[1], value: projections[2], output: projections[3])
        if batch.isSmall {
            for sequence in batch.sequences.indices {
                try block.apply(batch, sequence: sequence, hidden: hidden, scratch: engine.shared)
            }
        } else {
            try engine.parallel.forEach(batch.sequences.count) { [engine] sequence, worker in
                try block.apply(batch, sequence: sequence, hidden: hidden, scratch: engine.workers[worker])
            }
        }
        batch.observer?.endStage()
    }
}

/// The attention block of one layer, applied to a sequence at a time.
private struct AttentionBlock: Sendable {
    let plan: DecoderPlan
    let layer: Int
    let norm: FloatBuffer
    let query: Projection
    let key: Projection
    let value: Projection
    let output: Projection

    func apply(_ batch: Batch, sequence: Int, hidden: HiddenStates, scratch: ScratchSpace) throws {
        let attention = plan.attention
        let count = batch.sequences[sequence].count
        let start = batch.starts[sequence]
        let past = batch.cache?.count ?? 0
        let width = plan.embeddingLength

        let normalized = scratch.floats(.normalized, count * width)
        for row in 0..<count {
            VectorMath.rmsNorm(
                hidden.row(start + row), weight: norm.base, width, epsilon: plan.normEpsilon,
                into: normalized + row * width)
        }
        observe(.attention, normalized, count, width, batch, sequence)

        let queries = scratch.floats(.query, count * attention.queryLength)
        let cached = batch.cache?.rows(ofLayer: layer)
        let keys = cached?.key ?? scratch.floats(.key, count * attention.keyValueLength)
        let values = cached?.value ?? scratch.floats(.value, count * attention.keyValueLength)
        let newKeys = keys + past * attention.keyValueLength
        try query.apply(normalized, rowCount: count, into: queries)
        try key.apply(normalized, rowCount: count, into: newKeys)
        try value.apply(normalized, rowCount: count, into: values + past * attention.keyValueLength)
        for row in 0..<count {
            batch.rotary.rotate(
                queries + row * attention.queryLength, headCount: attention.headCount,
                headLength: attention.headLength, position: past + row)
            batch.rotary.rotate(
                newKeys + row * attention.keyValueLength, headCount: attention.keyValueHeadCount,
                headLength: attention.headLength, position: past + row)
        }

        let mixed = scratch.floats(.mixed, count * attention.queryLength)
        CausalAttention(plan: attention).apply(
            query: queries, key: keys, value: values, past: past, count: count, into: mixed, scratch: scratch)
        observe(.attentionOutput, mixed, count, attention.queryLength, batch, sequence)
        try output.apply(mixed, rowCount: count, into: normalized)
        for row in 0..<count {
            VectorMath.add(normalized + row * width, width, times: 1, to: hidden.row(start + row))
        }
    }

    private func observe(
        _ input: ActivationSite.Input, _ rows: UnsafePointer<Float>, _ count: Int, _ columns: Int, _ batch: Batch,
        _ sequence: Int
    ) {
        batch.observer?.observe(
            ActivationSite(layer: layer, input: input, expert: 0), piece: sequence, inputs: rows, rowCount: count,
            columns: columns)
    }
}
