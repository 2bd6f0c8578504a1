import ModelArchitecture

/// Which rows each expert computes, and with what weight.
struct Routing: Sendable {
    /// Rows in ascending order, for each expert.
    private(set) var rows: [[Int32]]
    /// The weight of each of those rows.
    private(set) var weights: [[Float]]

    /// - Parameters:
    ///   - selected: `usedCount` experts for each row in turn.
    ///   - selectedWeights: their weights.
    init(experts: DecoderPlan.Experts, selected: [Int32], selectedWeights: [Float]) {
        rows = [[Int32]](repeating: [], count: experts.count)
        weights = [[Float]](repeating: [], count: experts.count)
        for index in selected.indices {
            rows[Int(selected[index])].append(Int32(index / experts.usedCount))
            weights[Int(selected[index])].append(selectedWeights[index])
        }
    }

    /// Chooses the experts of one row; ties go to the lower number.
    ///
    /// - Parameters:
    ///   - logits: the router's outputs for all experts; become probabilities.
    ///   - selected, weights: receive `usedCount` experts, best first.
    static func select(
        _ logits: UnsafeMutablePointer<Float>, experts: DecoderPlan.Experts, selected: UnsafeMutablePointer<Int32>,
        weights: UnsafeMutablePointer<Float>
    ) {
        VectorMath.softmax(logits, experts.count)
        var sum: Float = 0
        for slot in 0..<experts.usedCount {
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
        for slot in 0..<experts.usedCount { weights[slot] *= factor }
    }
}
