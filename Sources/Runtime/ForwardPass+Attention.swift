import ModelArchitecture

extension ForwardPass {
    /// `hidden += output(attention(norm(hidden)))`.
    func attend(_ batch: Batch, layer: Int, hidden: HiddenStates, _ steps: any StepRunner) throws {
        let norm = try vector(.attentionNorm, layer: layer)
        let projections = try steps.begin()
        steps.enqueue(GatedBlock.all(of: plan).filter(\.takesAllRows).map { $0.weights(weights, layer: layer) })
        let attention = plan.attention
        for group in batch.attentionGroups(limit: Self.attentionGroupLength) {
            let held = group.reduce(0) { $0 + batch.sequences[$1].count }
            let cached = batch.cache?.rows(ofLayer: layer)
            let block = AttentionBlock(
                plan: plan, layer: layer, norm: norm, query: projections[0], key: projections[1], value: projections[2],
                keys: cached?.key ?? engine.shared.floats(.key, held * attention.keyValueLength),
                values: cached?.value ?? engine.shared.floats(.value, held * attention.keyValueLength),
                engine: batch.isSmall ? engine : nil)
            let panels = batch.panels(ofSequences: group, length: Self.attentionPanelLength)
            try steps.forEach(panels.count) { piece, scratch in
                try block.addKeysAndValues(of: panels[piece], batch, hidden: hidden, scratch: scratch)
            }
            try steps.forEach(panels.count) { piece, scratch in
                let panel = panels[piece]
                let mixed = scratch.floats(.mixed, panel.tokens.count * attention.queryLength)
                try block.mix(panel, batch, hidden: hidden, into: mixed, scratch: scratch)
                block.observe(
                    .attentionOutput, mixed, panel.tokens.count, attention.queryLength, batch, panel)
                try block.add(mixed, of: panel, through: projections[3], batch, to: hidden, scratch: scratch)
            }
        }
        batch.observer?.endStage()
    }
}
