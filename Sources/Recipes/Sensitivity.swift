import TensorCore

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What storing a model's matrices in each type costs: how far the type puts a matrix's outputs off, and what the model's
/// predictions lose by that.
///
/// KL divergence is quadratic in small errors, and errors of different matrices are nearly independent: the sum of what each
/// matrix costs says which recipe is best. What the sum comes to in the whole model is read off a curve through measured
/// points, since tokens that are routed to other experts make small errors cost more than their square.
public struct Sensitivity: Sendable, Hashable {
    /// One tensor of matrices.
    public struct Matrix: Sendable, Hashable {
        public let name: String
        /// KL divergence in nats per token, per error of the outputs as a share of their square.
        public let divergencePerError: Double
        /// Squared error of the outputs as a share of their square, by type.
        public let errors: [TensorType: Double]

        public init(name: String, divergencePerError: Double, errors: [TensorType: Double]) {
            self.name = name
            self.divergencePerError = divergencePerError
            self.errors = errors
        }
    }

    /// What errors in all matrices together have come to.
    public struct Point: Sendable, Hashable {
        /// The sum of what each matrix's errors cost by themselves.
        public let sum: Double
        /// The KL divergence that was measured, in nats per token.
        public let divergence: Double

        public init(sum: Double, divergence: Double) {
            self.sum = sum
            self.divergence = divergence
        }
    }

    public let matrices: [Matrix]
    /// By ascending sums; at least one, all above zero.
    public let points: [Point]
    private let indices: [String: Int]

    /// - Parameter points: at least one with a sum and divergence above zero; others are left out.
    public init(matrices: [Matrix], points: [Point]) {
        self.matrices = matrices
        self.points = points.filter { $0.sum > 0 && $0.divergence > 0 }.sorted { $0.sum < $1.sum }
        indices = Dictionary(matrices.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// What is known of a tensor.
    public subscript(name: String) -> Matrix? { indices[name].map { matrices[$0] } }

    /// What a tensor's type costs by itself, in nats per token; nil if it was not measured.
    public func cost(of name: String, as type: TensorType) -> Double? {
        guard let matrix = self[name], let error = matrix.errors[type] else { return nil }
        return matrix.divergencePerError * error
    }

    /// The KL divergence of a whole model, in nats per token; nil if it has types that were not measured.
    ///
    /// Tensors that keep their type, or were not measured in any, cost nothing.
    public func divergence(of assignments: [TypeAssignment]) -> Double? {
        var total = 0.0
        for assignment in assignments
        where assignment.type != assignment.sourceType && self[assignment.tensor.name] != nil {
            guard let part = cost(of: assignment.tensor.name, as: assignment.type) else { return nil }
            total += part
        }
        return divergence(ofSum: total)
    }

    /// Between two points, and below the first, on the power law through them; above the last, in proportion.
    private func divergence(ofSum sum: Double) -> Double {
        guard sum > 0, let first = points.first, let last = points.last else { return 0 }
        if points.count == 1 || sum >= last.sum { return last.divergence * sum / last.sum }
        let upper = max(1, points.firstIndex { sum < $0.sum } ?? 1)
        let (low, high) = sum < first.sum ? (points[0], points[1]) : (points[upper - 1], points[upper])
        let exponent = log(high.divergence / low.divergence) / log(high.sum / low.sum)
        return low.divergence * pow(sum / low.sum, min(max(exponent, 0.5), 1.5))
    }
}
