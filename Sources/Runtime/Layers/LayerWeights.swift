import ModelArchitecture

/// A step's matrices, ready to multiply.
struct ReadyWeights: Sendable {
    let projections: [TensorRole: Projection]

    subscript(role: TensorRole) -> Projection { projections[role]! }
}

/// What attention multiplies its inputs with.
struct HeadWeights: Sendable {
    let query, key, value: Projection

    /// - Parameter matrix: makes the matrix in a role ready.
    init(_ matrix: (TensorRole) throws -> Projection) rethrows {
        query = try matrix(.attentionQuery)
        key = try matrix(.attentionKey)
        value = try matrix(.attentionValue)
    }
}

/// The matrices of a layer's attention.
struct AttentionWeights: Sendable {
    static let roles: [TensorRole] = [.attentionQuery, .attentionKey, .attentionValue, .attentionOutput]

    let heads: HeadWeights
    let output: Projection

    init(_ weights: ReadyWeights) {
        heads = HeadWeights { weights[$0] }
        output = weights[.attentionOutput]
    }
}

/// What a gated block multiplies its inputs with.
struct GateWeights: Sendable {
    let gate, up: Projection

    /// - Parameter matrix: makes the matrix in a role ready.
    init(_ roles: GatedBlock.Roles, _ matrix: (TensorRole) throws -> Projection) rethrows {
        gate = try matrix(roles.gate)
        up = try matrix(roles.up)
    }
}

/// The matrices of a gated block: a layer's only one, its shared one, or one of its experts.
struct GatedWeights: Sendable {
    let gates: GateWeights
    let down: Projection

    init(_ roles: GatedBlock.Roles, _ weights: ReadyWeights) {
        gates = GateWeights(roles) { weights[$0] }
        down = weights[roles.down]
    }
}
