import Platform

extension ImportanceMatrix {
    /// What the importances of one expert's columns look like.
    public struct Statistics: Sendable, Hashable {
        /// Activation rows seen.
        public let rowCount: Float
        /// Σ over the columns of the mean of x².
        public let sum: Float
        public let least: Float
        public let greatest: Float
        /// Share of the columns whose mean of x² is above 10⁻⁵ (llama.cpp's measure of activity).
        public let activeShare: Double
        /// Entropy of the importances taken as a distribution, in bits.
        public let entropy: Double
        /// The entropy as a share of that of equal importances: near 1 no column stands out.
        public let relativeEntropy: Double
    }
}

extension ImportanceMatrix.Entry {
    /// - Returns: nil if the expert has seen nothing.
    public func statistics(expert: Int) -> ImportanceMatrix.Statistics? {
        guard let weights = weights(expert: expert) else { return nil }
        let sum = weights.reduce(0.0) { $0 + Double($1) }
        let entropy = weights.reduce(0.0) { entropy, weight in
            guard weight > 0, sum > 0 else { return entropy }
            let share = Double(weight) / sum
            return entropy - share * log2(share)
        }
        return ImportanceMatrix.Statistics(
            rowCount: counts[expert], sum: Float(sum), least: weights.min() ?? 0, greatest: weights.max() ?? 0,
            activeShare: Double(weights.count { $0 > 1e-5 }) / Double(weights.count), entropy: entropy,
            relativeEntropy: rowLength > 1 ? entropy / log2(Double(rowLength)) : 1)
    }

    /// Experts that have seen fewer rows than this count.
    public func expertCount(below rowCount: Float) -> Int { counts.count { $0 < rowCount } }
}
