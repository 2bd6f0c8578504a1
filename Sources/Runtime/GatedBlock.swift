import ModelArchitecture

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

    /// Gate, up and down.
    func weights(_ weights: ModelWeights, layer: Int) -> WeightGroup {
        WeightGroup(roles.map { weights[$0, layer] }, expert: expert)
    }

    /// Gate, up and down.
    var roles: [TensorRole] {
        switch self {
        case .dense: [.feedForwardGate, .feedForwardUp, .feedForwardDown]
        case .shared: [.sharedGate, .sharedUp, .sharedDown]
        case .expert: [.expertsGate, .expertsUp, .expertsDown]
        }
    }

    /// The matrix of a stack.
    var expert: Int {
        if case .expert(let expert) = self { expert } else { 0 }
    }

    /// What observers call the inputs of gate and up.
    var input: ActivationSite.Input {
        switch self {
        case .dense: .feedForward
        case .shared: .shared
        case .expert: .experts
        }
    }

    /// What observers call the inputs of down.
    var downInput: ActivationSite.Input {
        switch self {
        case .dense: .feedForwardDown
        case .shared: .sharedDown
        case .expert: .expertsDown
        }
    }
}

/// The rows of a batch that a block computes.
enum BlockRows: Sendable {
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

    /// Those of some positions; nil where all are 1.
    func weights(_ positions: Range<Int>) -> ArraySlice<Float>? {
        switch self {
        case .all: nil
        case .routed(_, let weights): weights[positions]
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
