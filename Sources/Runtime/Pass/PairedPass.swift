import ModelArchitecture
import Numerics

/// A pass of tokens through a model and, at the same time, through the same model quantized on the way: each matrix is
/// quantized when its inputs are known in both, and the matrices after it see the outputs of its quantized form.
///
/// Batches are not cut: the states of all tokens are in memory, twice, and so are the inputs of one site.
public final class PairedPass {
    private let pass: ForwardPass
    private let quantizer: any PassQuantizer
    private let batch: Batch
    private let original: Stream
    private let quantized: Stream

    /// One of the two models, and what it has come to.
    private struct Stream {
        let hidden: HiddenStates
        let weights: PlacedWeights
    }

    private var plan: DecoderPlan { pass.plan }
    private var engine: Engine { pass.engine }

    /// How many times its even share of the tokens an expert is reckoned to get at most.
    private static let greatestExpertShare = 4

    /// The memory of a pass of a batch, without that of whoever quantizes.
    ///
    /// - Parameters:
    ///   - pass: the original model.
    ///   - size: the size of the batch.
    /// - Returns: what is held all the time; and the matrices of a stage, which are given back before the next site's are
    ///   quantized.
    package static func workingSet(_ pass: ForwardPass, _ size: BatchSize) -> (kept: WorkingSet, matrices: WorkingSet) {
        let (plan, weights) = (pass.plan, pass.weights)
        let attention = PlacedWeights.workingSet(
            [.attentionQuery, .attentionKey, .attentionValue].map { weights[$0, 0] })
        let gates = GatedBlock.all(of: plan).map {
            PlacedWeights.workingSet([weights[$0.roles.gate, 0], weights[$0.roles.up, 0]])
        }
        return (
            states(plan, tokenCount: size.tokenCount) + pass.threadWorkingSet(size)
                + AttentionBlock.heldWorkingSet(plan, size)
                + RotaryTable.workingSet(plan.rope, positionCount: size.longestSequence)
                + pass.engine.workers.count * roundedRows(plan, size), .largest([attention] + gates)
        )
    }

    /// The states of all tokens in both models, and the inputs of the stage that has the largest.
    private static func states(_ plan: DecoderPlan, tokenCount: Int) -> WorkingSet {
        func rows(_ name: String, _ count: Int, _ columns: Int) -> WorkingSet {
            HiddenStates.workingSet(name, rowCount: count, columns: columns)
        }
        let width = plan.embeddingLength
        let streams = 2 * rows("residual stream", tokenCount, width)
        let normalized = 2 * rows("normalized stream", tokenCount, width)
        var stages = [normalized, 2 * rows("outputs of heads", tokenCount, plan.attention.queryLength)]
        for block in GatedBlock.all(of: plan) {
            let inner = plan.dimensions(of: block.roles.gate)[1]
            if block.takesAllRows {
                stages.append(normalized + 2 * rows("hidden units", tokenCount, inner))
            } else if let experts = plan.experts {
                let count = min(tokenCount, greatestExpertShare * tokenCount * experts.usedCount / experts.count)
                let routings = 2 * Routing.workingSet(experts, rowCount: tokenCount)
                let before = 2 * rows("inputs of an expert", count, width) + rows("hidden units", count, inner)
                stages.append(normalized + routings + .largest([before, 3 * rows("hidden units", count, inner)]))
            }
        }
        return streams + .largest(stages)
    }

    /// A thread's memory for gathered rows and their products in bfloat16.
    private static func roundedRows(_ plan: DecoderPlan, _ size: BatchSize) -> WorkingSet {
        let attention = min(AttentionBlock.panelLength, size.longestSequence)
        let others = min(HiddenStates.panelLength, size.tokenCount)
        let inner = GatedBlock.all(of: plan).map { plan.dimensions(of: $0.roles.gate)[1] }.max() ?? 0
        let widest = max(plan.embeddingLength, plan.attention.queryLength, inner)
        return Projection.roundedWorkingSet(rowCount: attention, columns: plan.embeddingLength)
            .reused(for: Projection.roundedWorkingSet(rowCount: others, columns: widest))
            .reused(for: ScratchSpace.workingSet([.gathered: others * widest]))
    }

    /// Begins a pass of sequences through both models.
    ///
    /// - Parameters:
    ///   - pass: the original model.
    ///   - sequences: the tokens of each sequence, from its first on.
    ///   - quantizer: quantizes the matrices as the pass comes to them.
    ///   - embedding: a model with the quantized embedding.
    ///   - states: the states after a layer of an earlier pass of the same sequences; nil to begin with the embedding.
    public init(
        _ pass: ForwardPass, sequences: [TokenSequence], quantizer: any PassQuantizer, embedding: ForwardPass,
        states: (original: HiddenStates, quantized: HiddenStates)? = nil
    ) throws {
        self.pass = pass
        self.quantizer = quantizer
        let longest = sequences.map(\.count).max() ?? 0
        batch = Batch(
            sequences: sequences, cache: nil, rotary: try pass.rotaryTable(positionCount: longest), observer: nil)
        let (originalStates, quantizedStates) =
            try states ?? (pass.embedding(of: sequences), embedding.embedding(of: sequences))
        original = Stream(hidden: originalStates, weights: PlacedWeights(of: pass))
        quantized = Stream(
            hidden: quantizedStates,
            weights: PlacedWeights(weights: pass.weights, engine: pass.engine) { try quantizer.decode($0, into: $1) })
    }

    /// Takes the states of both models through one layer, and has its matrices quantized.
    public func run(layer: Int) throws {
        try ForwardPass.naming(pass.path) {
            try attend(layer)
            try feedForward(layer)
            engine.release()
            try quantizer.endLayer(layer, original: original.hidden, quantized: quantized.hidden)
        }
    }

    /// Has the output matrix quantized, after the last layer.
    public func runOutput() throws {
        try ForwardPass.naming(pass.path) {
            let (references, inputs) = try normalized(pass.norm(.outputNorm))
            try quantizer.quantize(
                ActivationSite(layer: plan.layerCount, input: .output, expert: 0), rows: PairedRows(inputs, references))
        }
    }

    private func attend(_ layer: Int) throws {
        let block = try pass.attentionBlock(batch, layer: layer)
        do {
            let (references, inputs) = try normalized(block.norm)
            try quantizer.quantize(
                ActivationSite(layer: layer, input: .attention, expert: 0), rows: PairedRows(inputs, references))
        }
        let references = try mixed(by: block, original)
        let inputs = try mixed(by: block, quantized)
        let site = ActivationSite(layer: layer, input: .attentionOutput, expert: 0)
        try quantizer.quantize(site, rows: PairedRows(inputs, references))
        let (all, output) = (BlockRows.all(batch.rowCount), MatrixPlace(.attentionOutput, layer: layer))
        try add(references, all, through: output, to: original, all)
        try add(inputs, all, through: output, to: quantized, all)
    }

    private func feedForward(_ layer: Int) throws {
        let (references, inputs) = try normalized(pass.norm(.feedForwardNorm, layer: layer))
        let all = BlockRows.all(batch.rowCount)
        for block in GatedBlock.all(of: plan) where block.takesAllRows {
            try run(block, layer, references, inputs, rows: all, originalRows: all)
        }
        guard let experts = plan.experts else { return }
        let site = ActivationSite(layer: layer, input: .router, expert: 0)
        try quantizer.quantize(site, rows: PairedRows(inputs, references))
        func routing(_ states: HiddenStates, _ stream: Stream) throws -> Routing {
            try Routing(
                of: states, through: stream.weights(MatrixPlace(.router, layer: layer)), experts, layer: layer, engine,
                observer: nil)
        }
        let originalRouting = try routing(references, original)
        let routing = try routing(inputs, quantized)
        // Experts that saw little come last: by then more is known of the others.
        let order = (0..<experts.count).sorted { (-routing.rows[$0].count, $0) < (-routing.rows[$1].count, $1) }
        try quantizer.beginExperts(
            LayerExperts(
                layer: layer, order: order,
                gateRows: { [self] expert in
                    let rows = routing.rows(ofExpert: expert)
                    return PairedRows(
                        try gather(rows, from: inputs), try gather(rows, from: references), weights: rows.weights)
                },
                hiddenRows: { [self] expert, comparesOriginal in
                    let rows = routing.rows(ofExpert: expert)
                    let inner = try gated(
                        .expert(expert), layer, .all(rows.count), of: gather(rows, from: inputs), quantized)
                    guard comparesOriginal else { return PairedRows(inner, inner, weights: rows.weights) }
                    let union = rows.union(with: originalRouting.rows(ofExpert: expert))
                    let innerUnion = try gated(.expert(expert), layer, union, of: references, original)
                    return PairedRows(
                        inner, try gather(rows.positions(in: union), from: innerUnion), weights: rows.weights)
                }))
        for expert in order {
            try run(
                .expert(expert), layer, references, inputs, rows: routing.rows(ofExpert: expert),
                originalRows: originalRouting.rows(ofExpert: expert))
        }
    }

    /// Quantizes one gated block and adds what it makes, in both models, to their states.
    ///
    /// - Parameters:
    ///   - rows: what it gets in the quantized model; errors count by these weights.
    ///   - originalRows: what it gets in the original.
    private func run(
        _ block: GatedBlock, _ layer: Int, _ references: HiddenStates, _ inputs: HiddenStates, rows: BlockRows,
        originalRows: BlockRows
    ) throws {
        let down = MatrixPlace(block.roles.down, layer: layer, expert: block.expert)
        let innerInputs = try {
            let blockInputs = try gather(rows, from: inputs)
            try quantizer.quantize(
                block.site(layer: layer),
                rows: PairedRows(blockInputs, gather(rows, from: references), weights: rows.weights))
            return try gated(block, layer, .all(rows.count), of: blockInputs, quantized)
        }()
        do {
            // Most tokens are in both.
            let union = rows.union(with: originalRows)
            let innerUnion = try gated(block, layer, union, of: references, original)
            try add(innerUnion, originalRows.positions(in: union), through: down, to: original, originalRows)
            let innerReferences = try gather(rows.positions(in: union), from: innerUnion)
            try quantizer.quantize(
                block.downSite(layer: layer), rows: PairedRows(innerInputs, innerReferences, weights: rows.weights))
        }
        try add(innerInputs, .all(rows.count), through: down, to: quantized, rows)
    }

    // MARK: Parts

    private func normalized(_ norm: RMSNorm) throws -> (references: HiddenStates, inputs: HiddenStates) {
        (try norm(original.hidden, engine), try norm(quantized.hidden, engine))
    }

    private func mixed(by block: AttentionBlock, _ stream: Stream) throws -> HiddenStates {
        let columns = plan.attention.queryLength
        let result = HiddenStates(rowCount: batch.rowCount, columns: columns)
        let weights = try HeadWeights { try stream.weights(MatrixPlace($0, layer: block.layer)) }
        try block.mix(stream.hidden, with: weights, engine) { rows, mixed, _ in
            result.row(rows.lowerBound).update(from: mixed, count: rows.count * columns)
        }
        return result
    }

    private func gated(
        _ block: GatedBlock, _ layer: Int, _ rows: BlockRows, of states: HiddenStates, _ stream: Stream
    ) throws -> HiddenStates {
        let columns = pass.weights[block.roles.gate, layer].rows
        let result = HiddenStates(rowCount: rows.count, columns: columns)
        let weights = try GateWeights(block.roles) {
            try stream.weights(MatrixPlace($0, layer: layer, expert: block.expert))
        }
        try block.gate(rows, of: states, with: weights, layer: layer, engine, observer: nil) { panel, gated, _ in
            result.row(panel.lowerBound).update(from: gated, count: panel.count * columns)
        }
        return result
    }

    private func gather(_ rows: BlockRows, from states: HiddenStates) throws -> HiddenStates {
        if rows.count == states.rowCount { return states }
        let result = HiddenStates(rowCount: rows.count, columns: states.columns)
        try engine.forEachRange(rows.count, length: HiddenStates.panelLength) { panel, scratch in
            result.row(panel.lowerBound).update(
                from: rows.gather(panel, from: states, scratch: scratch), count: panel.count * states.columns)
        }
        return result
    }

    /// Adds what a matrix makes of some rows of `states` to rows of a stream.
    private func add(
        _ states: HiddenStates, _ source: BlockRows, through place: MatrixPlace, to stream: Stream, _ target: BlockRows
    ) throws {
        let (matrix, hidden) = (try stream.weights(place), stream.hidden)
        try engine.forEachRange(target.count, length: HiddenStates.panelLength) { panel, scratch in
            let inputs = source.gather(panel, from: states, scratch: scratch)
            try hidden.add(inputs, through: matrix, at: panel, of: target, scratch: scratch)
        }
    }
}
