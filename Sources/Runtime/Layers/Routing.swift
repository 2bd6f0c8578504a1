import ModelArchitecture
import Numerics

/// The experts of every row; threads write different rows.
final class ExpertSelection: @unchecked Sendable {
    let usedCount: Int
    let rowCount: Int
    /// `usedCount` experts for each row in turn, best first, and their weights.
    private let selected: UnsafeMutablePointer<Int32>
    private let weights: UnsafeMutablePointer<Float>

    init(rowCount: Int, usedCount: Int) {
        self.rowCount = rowCount
        self.usedCount = usedCount
        selected = .allocate(capacity: rowCount * usedCount)
        weights = .allocate(capacity: rowCount * usedCount)
    }

    deinit {
        selected.deallocate()
        weights.deallocate()
    }

    /// Chooses the experts of one row; ties go to the lower number.
    ///
    /// - Parameter logits: the router's outputs for all experts; become probabilities.
    func select(_ row: Int, logits: UnsafeMutablePointer<Float>, experts: DecoderPlan.Experts) {
        let selected = selected + row * usedCount
        let weights = weights + row * usedCount
        VectorMath.softmax(logits, experts.count)
        var sum: Float = 0
        for slot in 0..<usedCount {
            var best = -1
            for expert in 0..<experts.count where logits[expert] >= 0 {
                if best < 0 || logits[expert] > logits[best] { best = expert }
            }
            selected[slot] = Int32(best)
            weights[slot] = logits[best]
            sum += logits[best]
            logits[best] = -1
        }
        let factor = experts.normalizesWeights ? experts.weightScale / sum : experts.weightScale
        for slot in 0..<usedCount { weights[slot] *= factor }
    }

    /// Calls `body` for every choice, row by row.
    func forEach(_ body: (_ row: Int, _ expert: Int, _ weight: Float) -> Void) {
        for index in 0..<rowCount * usedCount { body(index / usedCount, Int(selected[index]), weights[index]) }
    }
}

/// Which rows each expert computes, and with what weight.
struct Routing: Sendable {
    /// Rows in ascending order, for each expert.
    private(set) var rows: [[Int32]]
    /// The weight of each of those rows.
    private(set) var weights: [[Float]]

    init(experts: DecoderPlan.Experts, _ selection: ExpertSelection) {
        var rows = [[Int32]](repeating: [], count: experts.count)
        var weights = [[Float]](repeating: [], count: experts.count)
        selection.forEach { row, expert, weight in
            rows[expert].append(Int32(row))
            weights[expert].append(weight)
        }
        self.rows = rows
        self.weights = weights
    }
}

extension Routing {
    /// The memory of the choice of experts for `rowCount` rows: the selection, and the lists made of it, which grow to up to
    /// twice what they need and are copied once more when they do.
    static func workingSet(_ experts: DecoderPlan.Experts, rowCount: Int) -> WorkingSet {
        let pairByteCount = MemoryLayout<Int32>.stride + MemoryLayout<Float>.stride
        return WorkingSet("choice of experts", byteCount: (1 + 2 + 1) * pairByteCount * rowCount * experts.usedCount)
    }

    /// A thread's memory, and that of the router's values, while rows are routed.
    static func threadWorkingSet(_ experts: DecoderPlan.Experts, _ size: BatchSize) -> WorkingSet {
        ScratchSpace.workingSet([.gate: min(HiddenStates.panelLength, size.tokenCount) * experts.count])
    }

    /// Chooses the experts of all rows.
    ///
    /// - Parameters:
    ///   - states: the normalized residual stream.
    ///   - router: gives a logit for each expert.
    ///   - observer: sees the router's inputs.
    init(
        of states: HiddenStates, through router: Projection, _ experts: DecoderPlan.Experts, layer: Int,
        _ runner: some PieceRunner, observer: (any ActivationObserver)?
    ) throws {
        let selection = ExpertSelection(rowCount: states.rowCount, usedCount: experts.usedCount)
        try runner.forEachRange(states.rowCount, length: HiddenStates.panelLength) { rows, scratch in
            let inputs = UnsafePointer(states.row(rows.lowerBound))
            observer?.observe(
                ActivationRows(inputs, count: rows.count, columns: states.columns),
                of: ActivationSite(layer: layer, input: .router, expert: 0),
                piece: rows.lowerBound / HiddenStates.panelLength)
            let logits = scratch.floats(.gate, rows.count * experts.count)
            try router.apply(inputs, rowCount: rows.count, into: logits, scratch: scratch)
            try router.demandFinite(logits, rowCount: rows.count)
            for (position, row) in rows.enumerated() {
                selection.select(row, logits: logits + position * experts.count, experts: experts)
            }
        }
        self.init(experts: experts, selection)
    }

    /// The rows of an expert.
    func rows(ofExpert expert: Int) -> BlockRows { .routed(rows[expert], weights[expert]) }
}
