import Numerics

/// The predictions of one or more models at the same tokens: their logits, a bounded number of rows at a time.
public struct Predictions {
    private let passes: [ForwardPass]
    private let states: [HiddenStates]

    /// Rows computed at a time if memory allows it, and at least.
    static let groupLengths = (greatest: 1024, least: 16)

    /// Prepares the predictions of models.
    ///
    /// - Parameter models: at least one model, with its ``ForwardPass/finalStates(of:in:)``; all have the same number
    ///   of rows.
    public init(_ models: [(pass: ForwardPass, states: HiddenStates)]) {
        passes = models.map(\.pass)
        states = models.map(\.states)
        precondition(states.allSatisfy { $0.rowCount == states[0].rowCount })
    }

    /// The number of rows that each model predicts at.
    public var rowCount: Int { states[0].rowCount }

    /// The memory of the logits of `length` rows at a time by all models.
    ///
    /// - Parameters:
    ///   - length: the number of rows.
    ///   - keepsWeights: whether the output matrices stay in memory.
    package func workingSet(length: Int, keepsWeights: Bool) -> WorkingSet {
        passes.reduce(.none) {
            $0 + LogitPanel.workingSet($1, rowLimit: length, keepsWeights: keepsWeights)
        }
    }

    /// How many rows are computed at a time, and whether output matrices are kept, in `room` bytes.
    private func cut(room: Int) -> (length: Int, keepsWeights: Bool) {
        func fits(_ length: Int, _ keepsWeights: Bool) -> Bool {
            workingSet(length: length, keepsWeights: keepsWeights).byteCount <= room
        }
        let (greatest, least) = Self.groupLengths
        let keepsWeights = rowCount > greatest && fits(least, true)
        var length = greatest
        while length > least, !fits(length, keepsWeights) { length /= 2 }
        return (min(length, rowCount), keepsWeights)
    }

    /// Hands every row to `body`, from several threads.
    ///
    /// Each output matrix is read once, and kept in its encoded form if the rows are computed in several groups and
    /// memory allows it.
    ///
    /// - Parameters:
    ///   - body: receives the row's number and each model's logits, valid during the call.
    ///   - groupEnd: called from the calling thread after each group of rows, with their numbers, in their order.
    public func forEachRow(
        _ body: @Sendable (_ row: Int, _ logits: [UnsafeBufferPointer<Float>]) throws -> Void,
        groupEnd: (_ rows: Range<Int>) throws -> Void = { _ in }
    ) throws {
        let engine = passes[0].engine
        for pass in passes { pass.engine.release() }
        let (length, keepsWeights) = cut(room: engine.memory.room(beside: .none))
        let panels = try passes.map { try LogitPanel($0, rowLimit: length, keepsWeights: keepsWeights) }
        for start in stride(from: 0, to: rowCount, by: length) {
            let group = start..<min(rowCount, start + length)
            for (panel, states) in zip(panels, states) { try panel.compute(group, of: states) }
            try engine.forEach(group.count) { position, scratch in
                try scratch.time(.softmax) {
                    try body(start + position, panels.map { $0.row(position) })
                }
            }
            try groupEnd(group)
        }
    }
}
