/// Runs the steps of a pass, each with its own weights.
protocol StepRunner: PieceRunner, AnyObject {
    /// Tells which steps are to be expected next, in their order; what is announced is read and decoded ahead.
    func announce(_ groups: [WeightGroup])

    /// Begins a step.
    ///
    /// - Returns: its matrices, valid until the next step begins.
    func begin(_ group: WeightGroup) throws -> ReadyWeights
}

/// Steps of a few rows: their matrices are decoded and used in pieces, which is where the threads work.
final class PiecewiseSteps: StepRunner {
    private let engine: Engine

    init(engine: Engine) { self.engine = engine }

    func announce(_ groups: [WeightGroup]) {}

    func begin(_ group: WeightGroup) throws -> ReadyWeights {
        group.ready { matrix, _ in Projection(matrix: matrix, expert: group.expert, piecewise: engine) }
    }

    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws {
        for piece in 0..<count { try body(piece, engine.shared) }
    }
}
