/// Runs the steps of a pass, each with its own weights.
protocol StepRunner: AnyObject {
    /// Announces steps in the order in which they will begin.
    func enqueue(_ groups: [WeightGroup])

    /// Begins the first announced step.
    ///
    /// - Returns: its matrices, valid until the next step begins.
    func begin() throws -> [Projection]

    /// Runs the pieces of the present step.
    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws
}

extension StepRunner {
    /// Calls ``forEach(_:_:)`` for ranges of at most `length` that cover `0..<count`.
    func forEachRange(
        _ count: Int, length: Int, _ body: @Sendable (Range<Int>, ScratchSpace) throws -> Void
    ) throws {
        try forEach((count + length - 1) / length) { piece, scratch in
            try body(piece * length..<min(count, (piece + 1) * length), scratch)
        }
    }
}

/// Steps of a few rows: their matrices are decoded and used in pieces, which is where the threads work.
final class PiecewiseSteps: StepRunner {
    private let engine: Engine
    private var queue: [WeightGroup] = []

    init(engine: Engine) { self.engine = engine }

    func enqueue(_ groups: [WeightGroup]) { queue += groups }

    func begin() throws -> [Projection] {
        let group = queue.removeFirst()
        return group.matrices.map { Projection(matrix: $0, expert: group.expert, piecewise: engine) }
    }

    func forEach(_ count: Int, _ body: @Sendable (_ piece: Int, _ scratch: ScratchSpace) throws -> Void) throws {
        for piece in 0..<count { try body(piece, engine.shared) }
    }
}
