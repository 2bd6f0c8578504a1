import ModelArchitecture
import Numerics

extension ForwardPass {
    /// `hidden += output(attention(norm(hidden)))`.
    func attend(_ batch: Batch, layer: Int, _ hidden: HiddenStates, _ steps: any StepRunner) throws {
        let block = try attentionBlock(batch, layer: layer)
        let matrices = AttentionWeights(try steps.begin(.attention(weights, layer: layer)))
        steps.announce(GatedBlock.all(of: plan).filter(\.takesAllRows).map { .gated($0, weights, layer: layer) })
        try block.mix(hidden, with: matrices.heads, steps) { rows, mixed, scratch in
            try hidden.add(mixed, through: matrices.output, at: rows, of: .all(batch.rowCount), scratch: scratch)
        }
        batch.observer?.endStage()
    }

    /// `hidden += feedForward(norm(hidden))`.
    ///
    /// - Parameter isLast: whether no other layer follows.
    func feedForward(
        _ batch: Batch, layer: Int, _ hidden: HiddenStates, _ steps: any StepRunner, isLast: Bool
    ) throws {
        let normalized = try norm(.feedForwardNorm, layer: layer)(hidden, engine)
        var blocks: [(block: GatedBlock, rows: BlockRows)] =
            GatedBlock.all(of: plan).filter(\.takesAllRows).map { ($0, .all(batch.rowCount)) }
        if let experts = plan.experts {
            let routing = try Routing(
                of: normalized, through: router(layer: layer), experts, layer: layer, engine, observer: batch.observer)
            batch.observer?.endStage()
            let used = (0..<experts.count).filter { !routing.rows[$0].isEmpty }
            blocks += used.map { (.expert($0), routing.rows(ofExpert: $0)) }
            steps.announce(used.map { .gated(.expert($0), weights, layer: layer) })
        }
        if !isLast { steps.announce([.attention(weights, layer: layer + 1)]) }
        for (block, rows) in blocks {
            let matrices = GatedWeights(block.roles, try steps.begin(.gated(block, weights, layer: layer)))
            try block.gate(
                rows, of: normalized, with: matrices.gates, layer: layer, steps, observer: batch.observer
            ) { panel, gated, scratch in
                try hidden.add(gated, through: matrices.down, at: panel, of: rows, scratch: scratch)
            }
            batch.observer?.endStage()
        }
    }

    func attentionBlock(_ batch: Batch, layer: Int) throws -> AttentionBlock {
        AttentionBlock(
            plan: plan, layer: layer, norm: try norm(.attentionNorm, layer: layer), batch: batch, engine: engine)
    }

    private func router(layer: Int) throws -> Projection {
        let matrix = weights[.router, layer]
        let decoded = FloatBuffer(count: matrix.rows * matrix.columns)
        try matrix.decode(rows: 0..<matrix.rows, into: decoded.base, scratch: engine.shared)
        return Projection(matrix: matrix, decoded: decoded)
    }
}
