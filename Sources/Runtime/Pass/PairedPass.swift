import ModelArchitecture

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

    /// The bytes of memory for each token: its states in both models, and the inputs of one site.
    public static func byteCountPerToken(_ plan: DecoderPlan) -> Int {
        let inner = plan.experts.map { max($0.length * max(1, $0.sharedCount), $0.length) } ?? 0
        let widest = max(plan.attention.queryLength, plan.dimensions(of: .feedForwardGate)[1], inner)
        return 4 * (4 * plan.embeddingLength + 2 * widest)
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
