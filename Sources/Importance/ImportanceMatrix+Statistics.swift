import Platform

extension ImportanceMatrix {
    /// A summary of the importances of one expert's columns.
    public struct Statistics: Sendable, Hashable {
        /// The number of activation rows that the expert has seen.
        public let rowCount: Float
        /// The sum over the columns of the mean of x².
        public let sum: Float
        /// The least mean of x² of a column.
        public let least: Float
        /// The greatest mean of x² of a column.
        public let greatest: Float
        /// The share of the columns whose mean of x² is above 10⁻⁵ (llama.cpp's measure of activity), from 0 to 1.
        public let activeShare: Double
        /// The entropy in bits of the importances taken as a distribution over the columns.
        public let entropy: Double
        /// The entropy as a share of that of equal importances, from 0 to 1: near 1 no column stands out.
        public let relativeEntropy: Double
    }
}

extension ImportanceMatrix.Entry {
    /// Describes the importances of one expert's columns.
    ///
    /// - Parameter expert: 0 for a weight without experts.
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

    /// The number of experts that have seen fewer rows than `rowCount`.
    public func expertCount(below rowCount: Float) -> Int { counts.count { $0 < rowCount } }
}
