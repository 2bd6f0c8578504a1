import Tensors

/// What storing a model's matrices in each type costs: how far the type puts a matrix's outputs off, and what the model's
/// predictions lose by that.
///
/// KL divergence is quadratic in small errors, and errors of different matrices are nearly independent: in the whole model
/// they cost the sum of what each matrix's cost. Beside that, errors however small send some tokens to other experts.
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

    public let matrices: [Matrix]
    /// What errors cost that are too small to cost anything by their squares, in nats per token: that of tokens for which two
    /// experts are nearly equal, and which the least error sends to the other one.
    public let reroutingDivergence: Double
    private let indices: [String: Int]

    public init(matrices: [Matrix], reroutingDivergence: Double) {
        self.matrices = matrices
        self.reroutingDivergence = reroutingDivergence
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
        return total > 0 ? total + reroutingDivergence : 0
    }
}
