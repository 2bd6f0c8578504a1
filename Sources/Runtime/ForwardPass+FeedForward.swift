import ModelArchitecture
import TensorCore

extension ForwardPass {
    /// `hidden += feedForward(norm(hidden))`.
    func feedForward(_ batch: Batch, layer: Int, hidden: HiddenStates) throws {
        let normalized = HiddenStates(rowCount: batch.rowCount, columns: plan.embeddingLength)
        let norm = try vector(.feedForwardNorm, layer: layer)
        try engine.parallel.forEachRange(batch.rowCount, length: Self.panelLength) { [plan] rows, _ in
            for row in rows {
                VectorMath.rmsNorm(
                    hidden.row(row), weight: norm.base, plan.embeddingLength, epsilon: plan.normEpsilon,
                    into: normalized.row(row))
            }
        }
        switch plan.feedForward {
        case .dense:
            try apply(.dense, layer: layer, to: .all(batch.rowCount), normalized, hidden, batch)
        case .experts(let experts):
            let routing = try route(batch, layer: layer, experts: experts, normalized: normalized)
            for expert in 0..<experts.count where !routing.rows[expert].isEmpty {
                try apply(
                    .expert(expert), layer: layer, to: .routed(routing.rows[expert], routing.weights[expert]),
                    normalized, hidden, batch)
            }
            if experts.sharedCount > 0 {
                try apply(.shared, layer: layer, to: .all(batch.rowCount), normalized, hidden, batch)
            }
        }
    }

    private func route(
        _ batch: Batch, layer: Int, experts: DecoderPlan.Experts, normalized: HiddenStates
    ) throws -> Routing {
        let router = try Projection.prepare(
            [weights[.router, layer]], rowCount: batch.rowCount, slots: [.decodedA], engine: engine)
        let slots = batch.rowCount * experts.usedCount
        var selected = [Int32](repeating: 0, count: slots)
        var selectedWeights = [Float](repeating: 0, count: slots)
        try selected.withUnsafeMutableBufferPointer { selected in
            try selectedWeights.withUnsafeMutableBufferPointer { weights in
                let shared = Unchecked((selected: selected, weights: weights))
                let width = plan.embeddingLength
                func routePanel(_ rows: Range<Int>, _ scratch: ScratchSpace) throws {
                    let inputs = normalized.row(rows.lowerBound)
                    batch.observer?.observe(
                        ActivationSite(layer: layer, input: .router, expert: 0),
                        piece: rows.lowerBound / Self.panelLength, inputs: inputs, rowCount: rows.count,
                        columns: width)
                    let logits = scratch.floats(.gate, rows.count * experts.count)
                    try router[0].apply(inputs, rowCount: rows.count, into: logits)
                    for row in rows {
                        Routing.select(
                            logits + (row - rows.lowerBound) * experts.count, experts: experts,
                            selected: shared.value.selected.baseAddress! + row * experts.usedCount,
                            weights: shared.value.weights.baseAddress! + row * experts.usedCount)
                    }
                }
                try forEachPanel(batch.rowCount, isSmall: batch.isSmall, routePanel)
            }
        }
        batch.observer?.endStage()
        return Routing(experts: experts, selected: selected, selectedWeights: selectedWeights)
    }

    /// Adds one gated block's output to the rows it is for.
    private func apply(
        _ block: GatedBlock, layer: Int, to target: BlockRows, _ normalized: HiddenStates, _ hidden: HiddenStates,
        _ batch: Batch
    ) throws {
        let matrices = block.roles.map { weights[$0, layer] }
        let rowCount = target.count
        let isSmall = rowCount <= Projection.piecewiseRowLimit
        let projections = try Projection.prepare(
            matrices, expert: block.expert, rowCount: rowCount, slots: [.decodedA, .decodedB, .decodedC],
            engine: engine)
        let width = plan.embeddingLength
        func applyPanel(_ panel: Range<Int>, _ scratch: ScratchSpace) throws {
            let (gate, up, down) = (projections[0], projections[1], projections[2])
            let piece = panel.lowerBound / Self.panelLength
            let inputs = target.gather(panel, from: normalized, scratch: scratch)
            batch.observer?.observe(
                ActivationSite(layer: layer, input: block.input, expert: block.expert), piece: piece, inputs: inputs,
                rowCount: panel.count, columns: width)
            let gated = scratch.floats(.gate, panel.count * gate.rows)
            let raised = scratch.floats(.up, panel.count * up.rows)
            try gate.apply(inputs, rowCount: panel.count, into: gated)
            try up.apply(inputs, rowCount: panel.count, into: raised)
            VectorMath.gatedSilu(gated, raised, panel.count * gate.rows)
            batch.observer?.observe(
                ActivationSite(layer: layer, input: block.downInput, expert: block.expert), piece: piece,
                inputs: gated, rowCount: panel.count, columns: gate.rows)
            let output = scratch.floats(.down, panel.count * width)
            try down.apply(gated, rowCount: panel.count, into: output)
            for position in panel {
                let (row, weight) = target.row(at: position)
                VectorMath.add(
                    output + (position - panel.lowerBound) * width, width, times: weight, to: hidden.row(row))
            }
        }
        try forEachPanel(rowCount, isSmall: isSmall, applyPanel)
        batch.observer?.endStage()
    }

    /// Runs fixed panels of rows in parallel, or all of a few rows in this thread (their projections are parallel).
    private func forEachPanel(
        _ rowCount: Int, isSmall: Bool, _ body: (Range<Int>, ScratchSpace) throws -> Void
    ) throws {
        if isSmall { return try body(0..<rowCount, engine.shared) }
        try withoutActuallyEscaping(body) { body in
            let shared = Unchecked(body)
            try engine.parallel.forEachRange(rowCount, length: Self.panelLength) { [engine] rows, worker in
                try shared.value(rows, engine.workers[worker])
            }
        }
    }
}

/// One of a layer's gated feed-forward blocks.
private enum GatedBlock {
    case dense
    case expert(Int)
    case shared

    /// Gate, up and down.
    var roles: [TensorRole] {
        switch self {
        case .dense: [.feedForwardGate, .feedForwardUp, .feedForwardDown]
        case .expert: [.expertsGate, .expertsUp, .expertsDown]
        case .shared: [.sharedGate, .sharedUp, .sharedDown]
        }
    }

    var expert: Int {
        if case .expert(let expert) = self { expert } else { 0 }
    }

    var input: ActivationSite.Input {
        switch self {
        case .dense: .feedForward
        case .expert: .experts
        case .shared: .shared
        }
    }

    var downInput: ActivationSite.Input {
        switch self {
        case .dense: .feedForwardDown
        case .expert: .expertsDown
        case .shared: .sharedDown
        }
    }
}

/// The rows of a batch that a block computes.
private enum BlockRows: Sendable {
    /// All of them, with weight 1.
    case all(Int)
    case routed([Int32], [Float])

    var count: Int {
        switch self {
        case .all(let count): count
        case .routed(let rows, _): rows.count
        }
    }

    func row(at position: Int) -> (row: Int, weight: Float) {
        switch self {
        case .all: (position, 1)
        case .routed(let rows, let weights): (Int(rows[position]), weights[position])
        }
    }

    /// The inputs of some positions as consecutive rows.
    func gather(
        _ positions: Range<Int>, from states: HiddenStates, scratch: ScratchSpace
    ) -> UnsafePointer<Float> {
        switch self {
        case .all: return UnsafePointer(states.row(positions.lowerBound))
        case .routed(let rows, _):
            let gathered = scratch.floats(.gathered, positions.count * states.columns)
            for position in positions {
                (gathered + (position - positions.lowerBound) * states.columns)
                    .update(from: states.row(Int(rows[position])), count: states.columns)
            }
            return UnsafePointer(gathered)
        }
    }
}
