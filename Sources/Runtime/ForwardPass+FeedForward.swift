import ModelArchitecture
import Numerics

extension ForwardPass {
    /// `hidden += feedForward(norm(hidden))`.
    ///
    /// - Parameter isLast: whether no other layer follows.
    func feedForward(
        _ batch: Batch, layer: Int, hidden: HiddenStates, _ steps: any StepRunner, isLast: Bool
    ) throws {
        let normalized = HiddenStates(rowCount: batch.rowCount, columns: plan.embeddingLength)
        let norm = try vector(.feedForwardNorm, layer: layer)
        try engine.parallel.forEachRange(batch.rowCount, length: Self.panelLength) { [plan] rows, _ in
            for row in rows {
                VectorMath.rmsNorm(
                    hidden.row(row), weight: norm.base, plan.embeddingLength, epsilon: plan.normEpsilon,
                    into: normalized.row(row))
            }
        }
        var blocks: [(GatedBlock, BlockRows)] = []
        for block in GatedBlock.all(of: plan) where block.takesAllRows { blocks.append((block, .all(batch.rowCount))) }
        if case .experts(let experts) = plan.feedForward {
            let routing = try route(batch, layer: layer, experts: experts, normalized: normalized)
            for expert in 0..<experts.count where !routing.rows[expert].isEmpty {
                let block = GatedBlock.expert(expert)
                blocks.append((block, .routed(routing.rows[expert], routing.weights[expert])))
                steps.enqueue([block.weights(weights, layer: layer)])
            }
        }
        if !isLast { steps.enqueue([attentionWeights(layer: layer + 1)]) }
        for (block, rows) in blocks {
            try apply(block, layer: layer, to: rows, normalized, hidden, batch, steps)
        }
    }

    private func route(
        _ batch: Batch, layer: Int, experts: DecoderPlan.Experts, normalized: HiddenStates
    ) throws -> Routing {
        let matrix = weights[.router, layer]
        let decoded = FloatBuffer(count: matrix.rows * matrix.columns)
        try matrix.decode(rows: 0..<matrix.rows, into: decoded.base, scratch: engine.shared)
        let router = Projection(matrix: matrix, decoded: decoded)
        let selection = ExpertSelection(rowCount: batch.rowCount, usedCount: experts.usedCount)
        let width = plan.embeddingLength
        try engine.parallel.forEachRange(batch.rowCount, length: Self.panelLength) { [engine] rows, worker in
            let scratch = engine.workers[worker]
            let inputs = normalized.row(rows.lowerBound)
            batch.observer?.observe(
                ActivationRows(inputs, count: rows.count, columns: width),
                of: ActivationSite(layer: layer, input: .router, expert: 0), piece: rows.lowerBound / Self.panelLength)
            let logits = scratch.floats(.gate, rows.count * experts.count)
            try router.apply(inputs, rowCount: rows.count, into: logits, scratch: scratch)
            try router.demandFinite(logits, rowCount: rows.count)
            for row in rows {
                selection.select(
                    row, logits: logits + (row - rows.lowerBound) * experts.count, experts: experts)
            }
        }
        batch.observer?.endStage()
        return Routing(experts: experts, selection)
    }

    /// Adds one gated block's output to the rows it is for.
    private func apply(
        _ block: GatedBlock, layer: Int, to target: BlockRows, _ normalized: HiddenStates, _ hidden: HiddenStates,
        _ batch: Batch, _ steps: any StepRunner
    ) throws {
        let projections = try steps.begin()
        let (gate, up, down) = (projections[0], projections[1], projections[2])
        let width = plan.embeddingLength
        try steps.forEachRange(target.count, length: Self.panelLength) { panel, scratch in
            let piece = panel.lowerBound / Self.panelLength
            let inputs = target.gather(panel, from: normalized, scratch: scratch)
            let weights = target.weights(panel)
            batch.observer?.observe(
                ActivationRows(inputs, count: panel.count, columns: width, weights: weights),
                of: ActivationSite(layer: layer, input: block.input, expert: block.expert), piece: piece)
            let gated = scratch.floats(.gate, panel.count * gate.rows)
            let raised = scratch.floats(.up, panel.count * up.rows)
            try gate.apply(inputs, rowCount: panel.count, into: gated, scratch: scratch)
            try gate.demandFinite(gated, rowCount: panel.count)
            try up.apply(inputs, rowCount: panel.count, into: raised, scratch: scratch)
            try up.demandFinite(raised, rowCount: panel.count)
            VectorMath.gatedSilu(gated, raised, panel.count * gate.rows)
            batch.observer?.observe(
                ActivationRows(gated, count: panel.count, columns: gate.rows, weights: weights),
                of: ActivationSite(layer: layer, input: block.downInput, expert: block.expert), piece: piece)
            let output = scratch.floats(.down, panel.count * width)
            try down.apply(gated, rowCount: panel.count, into: output, scratch: scratch)
            try down.demandFinite(output, rowCount: panel.count)
            for position in panel {
                let (row, weight) = target.row(at: position)
                VectorMath.add(
                    output + (position - panel.lowerBound) * width, width, times: weight, to: hidden.row(row))
            }
        }
        batch.observer?.endStage()
    }
}
