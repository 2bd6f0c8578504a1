import ModelArchitecture
import Numerics

/// One matrix of a model.
public struct MatrixPlace: Sendable, Hashable {
    public let role: TensorRole
    /// nil for the output matrix.
    public let layer: Int?
    /// The matrix of a stack.
    public let expert: Int

    public init(_ role: TensorRole, layer: Int?, expert: Int = 0) {
        self.role = role
        self.layer = layer
        self.expert = expert
    }
}

/// The same tokens' inputs of a matrix in two models.
public struct PairedRows {
    private let states: (inputs: HiddenStates, references: HiddenStates)
    /// By how much errors of the matrix's outputs reach the states: an expert's routing weights in the quantized model; nil for 1.
    public let weights: [Float]?

    init(_ inputs: HiddenStates, _ references: HiddenStates, weights: [Float]? = nil) {
        states = (inputs, references)
        self.weights = weights
    }

    /// `rowCount` rows of `columns` values in the model that is quantized on the way, valid as long as this is.
    public var inputs: UnsafePointer<Float> { UnsafePointer(states.inputs.row(0)) }
    /// In the original.
    public var references: UnsafePointer<Float> { UnsafePointer(states.references.row(0)) }
    public var rowCount: Int { states.inputs.rowCount }
    public var columns: Int { states.inputs.columns }
}

/// Quantizes a model's matrices as a pass comes to them.
public protocol PassQuantizer: AnyObject {
    /// Quantizes matrices that multiply the same inputs.
    func quantize(_ places: [MatrixPlace], site: ActivationSite, rows: PairedRows) throws

    /// The values of a matrix that has been quantized, and of any other the original's.
    func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws

    /// All matrices of a layer have been quantized.
    func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws
}

/// Carries the states of tokens through a model and, beside them, through the same model quantized on the way: each matrix is
/// quantized when its inputs are known in both, and what follows sees what it makes of them.
///
/// Batches are not cut: the states of all tokens are in memory, twice, and so are the inputs of one site.
public final class PairedPass {
    private let pass: ForwardPass
    private let quantizer: any PassQuantizer
    private let batch: Batch
    public private(set) var original: HiddenStates
    public private(set) var quantized: HiddenStates

    private var plan: DecoderPlan { pass.plan }
    private var engine: Engine { pass.engine }
    private var width: Int { plan.embeddingLength }

    /// Bytes that the states, and the inputs of a site, of each token take.
    public static func byteCountPerToken(_ plan: DecoderPlan) -> Int {
        let inner = plan.experts.map { max($0.length * max(1, $0.sharedCount), $0.length) } ?? 0
        let widest = max(plan.attention.queryLength, plan.dimensions(of: .feedForwardGate)[1], inner)
        return 4 * (4 * plan.embeddingLength + 2 * widest)
    }

    /// - Parameters:
    ///   - sequences: tokens, each sequence from its first on.
    ///   - embedding: a pass with the quantized embedding.
    ///   - states: where an earlier pass was after a layer; nil to begin with the embedding.
    public init(
        _ pass: ForwardPass, sequences: [TokenSequence], quantizer: any PassQuantizer, embedding: ForwardPass,
        states: (original: HiddenStates, quantized: HiddenStates)? = nil
    ) throws {
        self.pass = pass
        self.quantizer = quantizer
        let longest = sequences.map(\.count).max() ?? 0
        batch = Batch(
            sequences: sequences, cache: nil, rotary: try pass.rotaryTable(positionCount: longest), observer: nil)
        if let states {
            (original, quantized) = states
        } else {
            original = HiddenStates(rowCount: batch.rowCount, columns: pass.plan.embeddingLength)
            quantized = HiddenStates(rowCount: batch.rowCount, columns: pass.plan.embeddingLength)
            try pass.embed(batch, into: original)
            try embedding.embed(batch, into: quantized)
        }
    }

    /// Goes through one layer.
    public func run(layer: Int) throws {
        try ForwardPass.naming(pass.path) {
            try attend(layer)
            try feedForward(layer)
            engine.release()
            try quantizer.endLayer(layer, original: original, quantized: quantized)
        }
    }

    /// Quantizes the output matrix, after the last layer.
    public func runOutput() throws {
        try ForwardPass.naming(pass.path) {
            let (references, inputs) = try normalized(.outputNorm, layer: nil)
            try quantizer.quantize(
                [MatrixPlace(.output, layer: nil)],
                site: ActivationSite(layer: plan.layerCount, input: .output, expert: 0),
                rows: PairedRows(inputs, references))
        }
    }

    // MARK: Attention

    private func attend(_ layer: Int) throws {
        let roles = [TensorRole.attentionQuery, .attentionKey, .attentionValue]
        do {
            let (references, inputs) = try normalized(.attentionNorm, layer: layer)
            try quantizer.quantize(
                roles.map { MatrixPlace($0, layer: layer) }, site: site(layer, .attention),
                rows: PairedRows(inputs, references))
        }
        let mixedReferences = try mixed(layer, original) { try self.originalMatrix($0) }
        let mixedInputs = try mixed(layer, quantized) { try self.quantizedMatrix($0) }
        let place = MatrixPlace(.attentionOutput, layer: layer)
        try quantizer.quantize(
            [place], site: site(layer, .attentionOutput), rows: PairedRows(mixedInputs, mixedReferences))
        try add(mixedReferences, through: originalMatrix(place), to: original)
        try add(mixedInputs, through: quantizedMatrix(place), to: quantized)
    }

    private func mixed(
        _ layer: Int, _ hidden: HiddenStates, _ matrix: (MatrixPlace) throws -> Projection
    ) throws -> HiddenStates {
        let attention = plan.attention
        let matrices = try [TensorRole.attentionQuery, .attentionKey, .attentionValue]
            .map { try matrix(MatrixPlace($0, layer: layer)) }
        let norm = try pass.vector(.attentionNorm, layer: layer)
        let result = HiddenStates(rowCount: batch.rowCount, columns: attention.queryLength)
        for group in batch.attentionGroups(limit: ForwardPass.attentionGroupLength) {
            let held = group.reduce(0) { $0 + batch.sequences[$1].count }
            let block = AttentionBlock(
                plan: plan, layer: layer, norm: norm, query: matrices[0], key: matrices[1],
                value: matrices[2], keys: engine.shared.floats(.key, held * attention.keyValueLength),
                values: engine.shared.floats(.value, held * attention.keyValueLength), engine: nil)
            let panels = batch.panels(ofSequences: group, length: ForwardPass.attentionPanelLength)
            try engine.parallel.forEach(panels.count) { [batch, engine] piece, worker in
                try block.addKeysAndValues(of: panels[piece], batch, hidden: hidden, scratch: engine.workers[worker])
            }
            try engine.parallel.forEach(panels.count) { [batch, engine] piece, worker in
                let panel = panels[piece]
                try block.mix(
                    panel, batch, hidden: hidden,
                    into: result.row(batch.starts[panel.sequence] + panel.tokens.lowerBound),
                    scratch: engine.workers[worker])
            }
        }
        return result
    }

    // MARK: Feed-forward

    private func feedForward(_ layer: Int) throws {
        let (references, inputs) = try normalized(.feedForwardNorm, layer: layer)
        for block in GatedBlock.all(of: plan) where block.takesAllRows {
            let all = Array(0..<Int32(batch.rowCount))
            try quantizeAndAdd(block, layer, references, inputs, rows: all, original: (all, nil), weights: nil)
        }
        guard case .experts(let experts) = plan.feedForward else { return }
        let router = MatrixPlace(.router, layer: layer)
        try quantizer.quantize([router], site: site(layer, .router), rows: PairedRows(inputs, references))
        let originalRouting = try route(references, through: originalMatrix(router), experts)
        let routing = try route(inputs, through: quantizedMatrix(router), experts)
        // Experts that saw little come last: by then more is known of the others.
        let order = (0..<experts.count).sorted {
            (-routing.rows[$0].count, $0) < (-routing.rows[$1].count, $1)
        }
        for expert in order {
            try quantizeAndAdd(
                .expert(expert), layer, references, inputs, rows: routing.rows[expert],
                original: (originalRouting.rows[expert], originalRouting.weights[expert]),
                weights: routing.weights[expert])
        }
    }

    /// Quantizes one gated block and adds what it makes, in both models, to their states.
    ///
    /// - Parameters:
    ///   - rows: the tokens that it gets in the quantized model, and `weights` theirs, by which errors count; nil for 1.
    ///   - original: those that it gets in the original, and their weights.
    private func quantizeAndAdd(
        _ block: GatedBlock, _ layer: Int, _ references: HiddenStates, _ inputs: HiddenStates, rows: [Int32],
        original: (rows: [Int32], weights: [Float]?), weights: [Float]?
    ) throws {
        let places = block.places(layer: layer)
        let innerInputs = try {
            let blockInputs = try gather(rows, from: inputs)
            try quantizer.quantize(
                Array(places[..<2]), site: site(layer, block.input, block.expert),
                rows: PairedRows(blockInputs, gather(rows, from: references), weights: weights))
            return try gated(blockInputs, quantizedMatrix(places[0]), quantizedMatrix(places[1]))
        }()
        do {
            // Most tokens are in both.
            let union = Self.union(rows, original.rows)
            let innerUnion = try gated(
                gather(union, from: references), originalMatrix(places[0]), originalMatrix(places[1]))
            try add(
                gather(Self.positions(of: original.rows, in: union), from: innerUnion),
                through: originalMatrix(places[2]), to: self.original, rows: original.rows, weights: original.weights)
            let innerReferences = try gather(Self.positions(of: rows, in: union), from: innerUnion)
            try quantizer.quantize(
                [places[2]], site: site(layer, block.downInput, block.expert),
                rows: PairedRows(innerInputs, innerReferences, weights: weights))
        }
        try add(innerInputs, through: quantizedMatrix(places[2]), to: quantized, rows: rows, weights: weights)
    }

    private func route(
        _ states: HiddenStates, through router: Projection, _ experts: DecoderPlan.Experts
    ) throws -> Routing {
        let selection = ExpertSelection(rowCount: states.rowCount, usedCount: experts.usedCount)
        try forEachPanel(states.rowCount) { rows, scratch in
            let logits = scratch.floats(.gate, rows.count * experts.count)
            try router.apply(
                states.row(rows.lowerBound), rowCount: rows.count, into: logits, scratch: scratch)
            for row in rows {
                selection.select(row, logits: logits + (row - rows.lowerBound) * experts.count, experts: experts)
            }
        }
        return Routing(experts: experts, selection)
    }

    private func gated(_ states: HiddenStates, _ gate: Projection, _ up: Projection) throws -> HiddenStates {
        let result = HiddenStates(rowCount: states.rowCount, columns: gate.rows)
        try forEachPanel(states.rowCount) { rows, scratch in
            let raised = scratch.floats(.up, rows.count * up.rows)
            let target = result.row(rows.lowerBound)
            try gate.apply(states.row(rows.lowerBound), rowCount: rows.count, into: target, scratch: scratch)
            try up.apply(states.row(rows.lowerBound), rowCount: rows.count, into: raised, scratch: scratch)
            VectorMath.gatedSilu(target, raised, rows.count * gate.rows)
            try gate.demandFinite(target, rowCount: rows.count)
        }
        return result
    }

    // MARK: Parts

    private func site(_ layer: Int, _ input: ActivationSite.Input, _ expert: Int = 0) -> ActivationSite {
        ActivationSite(layer: layer, input: input, expert: expert)
    }

    private func normalized(
        _ role: TensorRole, layer: Int?
    ) throws -> (references: HiddenStates, inputs: HiddenStates) {
        let norm = try pass.vector(role, layer: layer)
        let results = try [original, quantized].map { states in
            let result = HiddenStates(rowCount: states.rowCount, columns: width)
            try forEachPanel(states.rowCount) { [plan] rows, _ in
                for row in rows {
                    VectorMath.rmsNorm(
                        states.row(row), weight: norm.base, plan.embeddingLength, epsilon: plan.normEpsilon,
                        into: result.row(row))
                }
            }
            return result
        }
        return (results[0], results[1])
    }

    /// Some rows, in ascending order.
    private func gather(_ rows: [Int32], from states: HiddenStates) throws -> HiddenStates {
        if rows.count == states.rowCount { return states }
        let result = HiddenStates(rowCount: rows.count, columns: states.columns)
        try forEachPanel(rows.count) { positions, _ in
            for position in positions {
                result.row(position).update(from: states.row(Int(rows[position])), count: states.columns)
            }
        }
        return result
    }

    /// The rows that are in either of two ascending lists, ascending.
    private static func union(_ first: [Int32], _ second: [Int32]) -> [Int32] {
        if first == second { return first }
        var result: [Int32] = []
        result.reserveCapacity(first.count + second.count)
        var (i, j) = (0, 0)
        while i < first.count || j < second.count {
            let row = min(i < first.count ? first[i] : .max, j < second.count ? second[j] : .max)
            if i < first.count, first[i] == row { i += 1 }
            if j < second.count, second[j] == row { j += 1 }
            result.append(row)
        }
        return result
    }

    /// Where the rows of an ascending list are in another that has them all.
    private static func positions(of rows: [Int32], in all: [Int32]) -> [Int32] {
        var position = 0
        return rows.map { row in
            while all[position] != row { position += 1 }
            return Int32(position)
        }
    }

    /// `hidden[rows] += weights · matrix(states)`.
    private func add(
        _ states: HiddenStates, through matrix: Projection, to hidden: HiddenStates, rows: [Int32]? = nil,
        weights: [Float]? = nil
    ) throws {
        try forEachPanel(states.rowCount) { [width] panel, scratch in
            let output = scratch.floats(.down, panel.count * width)
            try matrix.apply(
                states.row(panel.lowerBound), rowCount: panel.count, into: output, scratch: scratch)
            try matrix.demandFinite(output, rowCount: panel.count)
            for position in panel {
                VectorMath.add(
                    output + (position - panel.lowerBound) * width, width, times: weights?[position] ?? 1,
                    to: hidden.row(rows.map { Int($0[position]) } ?? position))
            }
        }
    }

    private func forEachPanel(_ rowCount: Int, _ body: @Sendable (Range<Int>, ScratchSpace) throws -> Void) throws {
        try engine.parallel.forEachRange(rowCount, length: ForwardPass.panelLength) { [engine] rows, worker in
            try body(rows, engine.workers[worker])
        }
    }

    private func originalMatrix(_ place: MatrixPlace) throws -> Projection {
        let matrix = pass.weights[place.role, place.layer]
        return try projection(place) { target in
            let target = SharedTarget(base: target)
            try engine.parallel.forEachRange(matrix.rows, length: matrix.rowsPerPiece) { [engine] rows, worker in
                try matrix.decode(
                    rows: rows, expert: place.expert, into: target.base + rows.lowerBound * matrix.columns,
                    scratch: engine.workers[worker])
            }
        }
    }

    private func quantizedMatrix(_ place: MatrixPlace) throws -> Projection {
        try projection(place) { try quantizer.decode(place, into: $0) }
    }

    private func projection(
        _ place: MatrixPlace, _ decode: (UnsafeMutablePointer<Float>) throws -> Void
    ) throws -> Projection {
        let matrix = pass.weights[place.role, place.layer]
        let values = FloatBuffer(count: matrix.rows * matrix.columns)
        try decode(values.base)
        // A choice of experts is not to depend on rounding.
        guard place.role != .router else {
            return Projection(matrix: matrix, expert: place.expert, decoded: values)
        }
        let columns = matrix.columns
        let panels = BFloat16Panels(vectorCount: matrix.rows, length: columns)
        try engine.parallel.forEachRange(matrix.rows, length: 64) { rows, _ in
            panels.fill(rows: rows, from: values.base + rows.lowerBound * columns, stride: columns, length: columns)
        }
        return Projection(matrix: matrix, expert: place.expert, rounded: panels)
    }
}

extension GatedBlock {
    /// Gate, up and down.
    fileprivate func places(layer: Int) -> [MatrixPlace] {
        roles.map { MatrixPlace($0, layer: layer, expert: expert) }
    }
}
