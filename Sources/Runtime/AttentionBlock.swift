import ModelArchitecture
import Numerics

/// Some neighbouring tokens of one sequence.
struct AttentionPanel: Sendable {
    /// Numbers the panels of a batch.
    let number: Int
    let sequence: Int
    /// In the sequence.
    let tokens: Range<Int>
    /// The sequence's first row among the keys and values that are held.
    let keyStart: Int
}

extension Batch {
    /// Sequences whose keys and values are held together: as many as have `limit` tokens, at least one.
    func attentionGroups(limit: Int) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        var count = 0
        for (index, sequence) in sequences.enumerated() {
            if index > start, count + sequence.count > limit {
                groups.append(start..<index)
                (start, count) = (index, 0)
            }
            count += sequence.count
        }
        return groups + (start < sequences.count ? [start..<sequences.count] : [])
    }

    func panels(ofSequences group: Range<Int>, length: Int) -> [AttentionPanel] {
        var panels: [AttentionPanel] = []
        for sequence in group {
            let count = sequences[sequence].count
            for start in stride(from: 0, to: count, by: length) {
                panels.append(
                    AttentionPanel(
                        number: (starts[sequence] + start) / length + sequence, sequence: sequence,
                        tokens: start..<min(count, start + length),
                        keyStart: starts[sequence] - starts[group.lowerBound])
                )
            }
        }
        return panels
    }
}

/// The attention block of one layer, applied to a panel at a time: first all keys and values, then what attends to them.
struct AttentionBlock: @unchecked Sendable {
    let plan: DecoderPlan
    let layer: Int
    let norm: FloatBuffer
    let query: Projection
    let key: Projection
    let value: Projection
    /// Those of earlier tokens, if there are any, and of the sequences in hand.
    let keys: UnsafeMutablePointer<Float>
    let values: UnsafeMutablePointer<Float>
    /// The threads that may share one panel's work; nil where panels are shared out.
    let engine: Engine?

    /// From this many earlier tokens on, it pays to share the heads of a few tokens.
    private static let sharedPast = 256

    func addKeysAndValues(
        of panel: AttentionPanel, _ batch: Batch, hidden: HiddenStates, scratch: ScratchSpace
    ) throws {
        let attention = plan.attention
        let count = panel.tokens.count
        let normalized = normalize(panel, batch, hidden: hidden, scratch: scratch)
        observe(.attention, normalized, count, plan.embeddingLength, batch, panel)
        let past = batch.cache?.count ?? 0
        let first = panel.keyStart + past + panel.tokens.lowerBound
        let newKeys = keys + first * attention.keyValueLength
        try key.apply(normalized, rowCount: count, into: newKeys, scratch: scratch)
        try value.apply(
            normalized, rowCount: count, into: values + first * attention.keyValueLength, scratch: scratch)
        for row in 0..<count {
            batch.rotary.rotate(
                newKeys + row * attention.keyValueLength, headCount: attention.keyValueHeadCount,
                headLength: attention.headLength, position: past + panel.tokens.lowerBound + row)
        }
        for (projection, rows) in [(key, newKeys), (value, values + first * attention.keyValueLength)] {
            try projection.demandFinite(rows, rowCount: count)
        }
    }

    /// What the tokens of a panel see of each other and of those before them.
    ///
    /// - Parameter mixed: receives a row of all query heads for each token.
    func mix(
        _ panel: AttentionPanel, _ batch: Batch, hidden: HiddenStates, into mixed: UnsafeMutablePointer<Float>,
        scratch: ScratchSpace
    ) throws {
        let attention = plan.attention
        let count = panel.tokens.count
        let past = (batch.cache?.count ?? 0) + panel.tokens.lowerBound
        let normalized = normalize(panel, batch, hidden: hidden, scratch: scratch)
        let queries = scratch.floats(.query, count * attention.queryLength)
        try query.apply(normalized, rowCount: count, into: queries, scratch: scratch)
        try query.demandFinite(queries, rowCount: count)
        for row in 0..<count {
            batch.rotary.rotate(
                queries + row * attention.queryLength, headCount: attention.headCount,
                headLength: attention.headLength, position: past + row)
        }
        let start = panel.keyStart * attention.keyValueLength
        let mixing = CausalAttention(plan: attention, layer: layer)
        if let engine, past > Self.sharedPast {
            let (queries, mixed) = (SharedValues(base: queries), SharedTarget(base: mixed))
            try engine.parallel.forEach(attention.headCount) { [self] head, worker in
                try mixing.apply(
                    query: queries.base, key: keys + start, value: values + start, past: past, count: count,
                    heads: head..<head + 1, into: mixed.base, scratch: engine.workers[worker])
            }
        } else {
            try mixing.apply(
                query: queries, key: keys + start, value: values + start, past: past, count: count,
                heads: 0..<attention.headCount, into: mixed, scratch: scratch)
        }
    }

    /// Adds what the output matrix makes of mixed rows to the residual stream.
    func add(
        _ mixed: UnsafePointer<Float>, of panel: AttentionPanel, through output: Projection, _ batch: Batch,
        to hidden: HiddenStates, scratch: ScratchSpace
    ) throws {
        let count = panel.tokens.count
        let width = plan.embeddingLength
        let result = scratch.floats(.normalized, count * width)
        try output.apply(mixed, rowCount: count, into: result, scratch: scratch)
        try output.demandFinite(result, rowCount: count)
        for row in 0..<count {
            VectorMath.add(
                result + row * width, width, times: 1,
                to: hidden.row(batch.starts[panel.sequence] + panel.tokens.lowerBound + row))
        }
    }

    private func normalize(
        _ panel: AttentionPanel, _ batch: Batch, hidden: HiddenStates, scratch: ScratchSpace
    ) -> UnsafeMutablePointer<Float> {
        let width = plan.embeddingLength
        let normalized = scratch.floats(.normalized, panel.tokens.count * width)
        for (position, token) in panel.tokens.enumerated() {
            VectorMath.rmsNorm(
                hidden.row(batch.starts[panel.sequence] + token), weight: norm.base, width, epsilon: plan.normEpsilon,
                into: normalized + position * width)
        }
        return normalized
    }

    func observe(
        _ input: ActivationSite.Input, _ rows: UnsafePointer<Float>, _ count: Int, _ columns: Int, _ batch: Batch,
        _ panel: AttentionPanel
    ) {
        batch.observer?.observe(
            ActivationRows(rows, count: count, columns: columns),
            of: ActivationSite(layer: layer, input: input, expert: 0), piece: panel.number)
    }
}
