import ModelArchitecture
import Numerics

/// The attention of one layer over a batch, up to its output matrix.
struct AttentionBlock: Sendable {
    let plan: DecoderPlan
    let layer: Int
    /// What the inputs go through first.
    let norm: RMSNorm
    let batch: Batch
    let engine: Engine

    /// Rows per piece of work.
    static let panelLength = 512
    /// Rows whose keys and values are held at once, if no sequence is longer.
    static let groupLength = 8192
    /// The number of earlier tokens from which on it pays to share the heads of a few tokens.
    private static let sharedPast = 256

    /// A thread's memory in a batch of a size.
    static func threadWorkingSet(_ plan: DecoderPlan, _ size: BatchSize) -> WorkingSet {
        let count = min(panelLength, size.longestSequence)
        let queryCount = count * plan.attention.queryLength
        return ScratchSpace.workingSet([
            .states: count * plan.embeddingLength, .query: queryCount, .mixed: queryCount,
        ]) + ScratchSpace.productWorkingSet(rowCount: count)
            + CausalAttention.workingSet(longestSequence: size.longestSequence)
    }

    /// The memory of the keys and values that are held at once in a batch of a size, without earlier tokens.
    static func heldWorkingSet(_ plan: DecoderPlan, _ size: BatchSize) -> WorkingSet {
        let count = min(size.tokenCount, max(size.longestSequence, groupLength)) * plan.attention.keyValueLength
        return ScratchSpace.workingSet([.key: count, .value: count])
    }

    /// Computes what the heads of all tokens see of the tokens before them.
    ///
    /// - Parameters:
    ///   - hidden: the residual stream.
    ///   - body: receives some rows of the batch and, for each of them, a row of all heads.
    func mix(
        _ hidden: HiddenStates, with weights: HeadWeights, _ runner: some PieceRunner,
        _ body: @Sendable (_ rows: Range<Int>, _ mixed: UnsafePointer<Float>, _ scratch: ScratchSpace) throws -> Void
    ) throws {
        let attention = plan.attention
        for group in batch.attentionGroups(limit: Self.groupLength) {
            let count = group.reduce(0) { $0 + batch.sequences[$1].count }
            let cached = batch.cache?.rows(ofLayer: layer)
            let held = HeldRows(
                keys: cached?.key ?? engine.shared.floats(.key, count * attention.keyValueLength),
                values: cached?.value ?? engine.shared.floats(.value, count * attention.keyValueLength))
            let panels = batch.panels(ofSequences: group, length: Self.panelLength)
            try runner.forEach(panels.count) { piece, scratch in
                try addKeysAndValues(of: panels[piece], hidden, weights, to: held, scratch: scratch)
            }
            try runner.forEach(panels.count) { piece, scratch in
                let panel = panels[piece]
                let mixed = scratch.floats(.mixed, panel.rows.count * attention.queryLength)
                try mix(panel, hidden, weights, held, into: mixed, scratch: scratch)
                observe(.attentionOutput, mixed, columns: attention.queryLength, of: panel)
                try body(panel.rows, mixed, scratch)
            }
        }
    }

    /// Keys and values of earlier tokens, if there are any, and of the sequences in hand.
    private struct HeldRows: @unchecked Sendable {
        let keys: UnsafeMutablePointer<Float>
        let values: UnsafeMutablePointer<Float>
    }

    private func addKeysAndValues(
        of panel: AttentionPanel, _ hidden: HiddenStates, _ weights: HeadWeights, to held: HeldRows,
        scratch: ScratchSpace
    ) throws {
        let attention = plan.attention
        let count = panel.rows.count
        let width = attention.keyValueLength
        let normalized = scratch.floats(.states, count * plan.embeddingLength)
        norm.apply(to: hidden, rows: panel.rows, into: normalized)
        observe(.attention, normalized, columns: plan.embeddingLength, of: panel)
        let position = (batch.cache?.count ?? 0) + panel.tokens.lowerBound
        let keys = held.keys + (panel.keyStart + position) * width
        let values = held.values + (panel.keyStart + position) * width
        try weights.key.apply(normalized, rowCount: count, into: keys, scratch: scratch)
        try weights.value.apply(normalized, rowCount: count, into: values, scratch: scratch)
        for row in 0..<count {
            batch.rotary.rotate(
                keys + row * width, headCount: attention.keyValueHeadCount, headLength: attention.headLength,
                position: position + row)
        }
        try weights.key.demandFinite(keys, rowCount: count)
        try weights.value.demandFinite(values, rowCount: count)
    }

    /// - Parameter mixed: receives a row of all query heads for each token.
    private func mix(
        _ panel: AttentionPanel, _ hidden: HiddenStates, _ weights: HeadWeights, _ held: HeldRows,
        into mixed: UnsafeMutablePointer<Float>, scratch: ScratchSpace
    ) throws {
        let attention = plan.attention
        let count = panel.rows.count
        let past = (batch.cache?.count ?? 0) + panel.tokens.lowerBound
        let normalized = scratch.floats(.states, count * plan.embeddingLength)
        norm.apply(to: hidden, rows: panel.rows, into: normalized)
        let queries = scratch.floats(.query, count * attention.queryLength)
        try weights.query.apply(normalized, rowCount: count, into: queries, scratch: scratch)
        try weights.query.demandFinite(queries, rowCount: count)
        for row in 0..<count {
            batch.rotary.rotate(
                queries + row * attention.queryLength, headCount: attention.headCount,
                headLength: attention.headLength, position: past + row)
        }
        let start = panel.keyStart * attention.keyValueLength
        let mixing = CausalAttention(plan: attention, layer: layer)
        if batch.isSmall, past > Self.sharedPast {
            let (queries, mixed) = (SharedValues(base: queries), SharedTarget(base: mixed))
            try engine.forEach(attention.headCount) { head, scratch in
                try mixing.apply(
                    query: queries.base, key: held.keys + start, value: held.values + start, past: past, count: count,
                    heads: head..<head + 1, into: mixed.base, scratch: scratch)
            }
        } else {
            try mixing.apply(
                query: queries, key: held.keys + start, value: held.values + start, past: past, count: count,
                heads: 0..<attention.headCount, into: mixed, scratch: scratch)
        }
    }

    private func observe(
        _ input: ActivationSite.Input, _ rows: UnsafePointer<Float>, columns: Int, of panel: AttentionPanel
    ) {
        batch.observer?.observe(
            ActivationRows(rows, count: panel.rows.count, columns: columns),
            of: ActivationSite(layer: layer, input: input, expert: 0), piece: panel.number)
    }
}
