import ModelArchitecture
import Numerics

/// One of a layer's gated feed-forward blocks: `down(silu(gate(x)) · up(x))`.
enum GatedBlock: Sendable {
    case dense
    case shared
    case expert(Int)

    /// The blocks that a layer of `plan` has, of its experts the first.
    static func all(of plan: DecoderPlan) -> [GatedBlock] {
        switch plan.feedForward {
        case .dense: [.dense]
        case .experts(let experts): (experts.sharedCount > 0 ? [.shared] : []) + [.expert(0)]
        }
    }

    /// Whether every token goes through it.
    var takesAllRows: Bool {
        if case .expert = self { false } else { true }
    }

    /// What its matrices are.
    struct Roles: Sendable {
        let gate, up, down: TensorRole
    }

    var roles: Roles {
        switch self {
        case .dense: Roles(gate: .feedForwardGate, up: .feedForwardUp, down: .feedForwardDown)
        case .shared: Roles(gate: .sharedGate, up: .sharedUp, down: .sharedDown)
        case .expert: Roles(gate: .expertsGate, up: .expertsUp, down: .expertsDown)
        }
    }

    /// The matrix of a stack.
    var expert: Int {
        if case .expert(let expert) = self { expert } else { 0 }
    }

    /// The site at which gate and up meet their inputs.
    func site(layer: Int) -> ActivationSite {
        let input: ActivationSite.Input =
            switch self {
            case .dense: .feedForward
            case .shared: .shared
            case .expert: .experts
            }
        return ActivationSite(layer: layer, input: input, expert: expert)
    }

    /// The site at which down meets its inputs.
    func downSite(layer: Int) -> ActivationSite {
        let input: ActivationSite.Input =
            switch self {
            case .dense: .feedForwardDown
            case .shared: .sharedDown
            case .expert: .expertsDown
            }
        return ActivationSite(layer: layer, input: input, expert: expert)
    }
}

extension GatedBlock {
    /// Rows per piece of work: at most ``HiddenStates/panelLength``, and an even number of pieces that are about as long, since
    /// threads wait for the last one. It is a multiple of 16, and at least 64, for the products' sake.
    static func panelLength(rowCount: Int) -> Int {
        let pairCount = max(1, (rowCount + 2 * HiddenStates.panelLength - 1) / (2 * HiddenStates.panelLength))
        let length = (rowCount + 2 * pairCount - 1) / (2 * pairCount)
        return max(64, (length + 15) / 16 * 16)
    }

    /// A thread's memory in a batch of a size, with the sums of the block's outputs.
    ///
    /// - Parameters:
    ///   - inner: the rows of the gate and up matrices.
    ///   - plan: the architecture of the model.
    ///   - size: the size of the batch.
    func threadWorkingSet(inner: Int, _ plan: DecoderPlan, _ size: BatchSize) -> WorkingSet {
        let count = min(HiddenStates.panelLength, size.tokenCount)
        let width = plan.embeddingLength
        return ScratchSpace.workingSet([
            .gathered: takesAllRows ? 0 : count * width, .gate: count * inner, .up: count * inner,
            .states: count * width,
        ]) + ScratchSpace.productWorkingSet(rowCount: count)
    }

    /// Computes `silu(gate(x)) · up(x)` of some rows x, a panel at a time.
    ///
    /// - Parameters:
    ///   - states: the normalized residual stream.
    ///   - observer: sees the inputs of all three matrices.
    ///   - body: receives some positions of `rows` and, for each of them, a row of what down is multiplied with.
    func gate(
        _ rows: BlockRows, of states: HiddenStates, with weights: GateWeights, layer: Int, _ runner: some PieceRunner,
        observer: (any ActivationObserver)?,
        _ body: @Sendable (_ panel: Range<Int>, _ gated: UnsafePointer<Float>, _ scratch: ScratchSpace) throws -> Void
    ) throws {
        let (gate, up) = (weights.gate, weights.up)
        let length = Self.panelLength(rowCount: rows.count)
        try runner.forEachRange(rows.count, length: length) { panel, scratch in
            let piece = panel.lowerBound / length
            let inputs = rows.gather(panel, from: states, scratch: scratch)
            let routing = rows.weights(panel)
            observer?.observe(
                ActivationRows(inputs, count: panel.count, columns: states.columns, weights: routing),
                of: site(layer: layer), piece: piece)
            let gated = scratch.floats(.gate, panel.count * gate.rows)
            let raised = scratch.floats(.up, panel.count * up.rows)
            try gate.apply(inputs, rowCount: panel.count, into: gated, scratch: scratch)
            try gate.demandFinite(gated, rowCount: panel.count)
            try up.apply(inputs, rowCount: panel.count, into: raised, scratch: scratch)
            try up.demandFinite(raised, rowCount: panel.count)
            VectorMath.gatedSilu(gated, raised, panel.count * gate.rows)
            observer?.observe(
                ActivationRows(gated, count: panel.count, columns: gate.rows, weights: routing),
                of: downSite(layer: layer), piece: piece)
            try body(panel, gated, scratch)
        }
    }
}
