import Tensors

/// The cost of storing a model's matrices in each type: the error of a matrix's outputs, and the KL divergence of the
/// model's predictions that follows from it.
///
/// KL divergence is quadratic in small errors, and errors of different matrices are nearly independent: in the whole
/// model they cost the sum of what each matrix's cost. Beside that, errors however small send some tokens to other
/// experts.
public struct Sensitivity: Sendable, Hashable {
    /// The sensitivity of one tensor, which holds one matrix or a stack of them.
    public struct Matrix: Sendable, Hashable {
        /// The tensor's name, such as `blk.0.ffn_down_exps.weight`.
        public let name: String
        /// The KL divergence of the model's predictions, in nats per token, for each unit of relative squared error of
        /// the tensor's outputs.
        public let divergencePerError: Double
        /// The relative squared error of the tensor's outputs, as a share of their square, by the type that the tensor
        /// is stored in.
        public let errors: [TensorType: Double]

        /// Makes the sensitivity of one tensor from measurements.
        ///
        /// - Parameters:
        ///   - name: The tensor's name.
        ///   - divergencePerError: Nats per token for each unit of relative squared error of the outputs.
        ///   - errors: The relative squared error of the outputs by type.
        public init(name: String, divergencePerError: Double, errors: [TensorType: Double]) {
            self.name = name
            self.divergencePerError = divergencePerError
            self.errors = errors
        }
    }

    /// The sensitivity of each tensor that was measured.
    public let matrices: [Matrix]
    /// The cost of errors that are too small to count by their squares, in nats per token: tokens for which two experts
    /// are nearly equal go to the other one after the least error.
    public let reroutingDivergence: Double
    private let indices: [String: Int]

    /// Makes the sensitivity of a model from measurements.
    ///
    /// - Parameters:
    ///   - matrices: Each measured tensor; of those with the same name the first counts.
    ///   - reroutingDivergence: The cost of errors that are too small to count by their squares, in nats per token.
    public init(matrices: [Matrix], reroutingDivergence: Double) {
        self.matrices = matrices
        self.reroutingDivergence = reroutingDivergence
        indices = Dictionary(matrices.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// The sensitivity of the tensor of a name; nil if it was not measured.
    public subscript(name: String) -> Matrix? { indices[name].map { matrices[$0] } }

    /// The cost of the error of a single tensor stored in `type`, in nats per token; nil if it was not measured.
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
