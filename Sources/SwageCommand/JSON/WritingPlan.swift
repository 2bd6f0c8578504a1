import Models
import Pipelines
import Recipes
import Tensors

/// What `convert --dry-run` prints as JSON.
struct ConversionPlan: Encodable {
    let model: String
    let tensors: [Tensor]
    let tensorBytes: Int
    let estimatedSeconds: Double

    struct Tensor: Encodable {
        let name: String
        /// Fastest dimension first.
        let shape: [Int]
        let from: String
        let type: String
        let bytes: Int
    }

    init(_ targets: [TensorDescriptor], of model: Model, _ duration: Duration) {
        self.model = model.userName
        tensors = zip(model.tensors.tensors, targets).map {
            Tensor(
                name: $1.name, shape: $1.shape.dimensions, from: $0.type.name, type: $1.type.name, bytes: $1.byteCount)
        }
        tensorBytes = targets.reduce(0) { $0 + $1.byteCount }
        estimatedSeconds = duration / .seconds(1)
    }
}

/// What `quantize --dry-run` prints as JSON.
struct QuantizationPlan: Encodable {
    let model: String
    let recipe: String
    let tensors: [Tensor]
    let tensorBytes: Int
    let fileBytes: Int
    let bitsPerWeight: Double
    /// nil with second moments of a file.
    let estimatedSeconds: Double?
    /// Tensors that are refused before their importance is known; nil if there are none.
    let missingImportance: [String]?
    let budget: BudgetSummary?

    struct Tensor: Encodable {
        let name: String
        /// Fastest dimension first.
        let shape: [Int]
        let from: String
        let type: String
        let bytes: Int
        let reason: String
        /// The type that the rows are no whole blocks of.
        let fallbackFrom: String?

        init(_ assignment: TypeAssignment) {
            name = assignment.tensor.name
            shape = assignment.tensor.shape.dimensions
            from = assignment.sourceType.name
            type = assignment.type.name
            bytes = assignment.tensor.byteCount
            reason = assignment.reason
            fallbackFrom = assignment.fallbackFrom?.name
        }
    }

    init(_ plan: Quantization.Plan, budget: BudgetSummary?) throws {
        model = plan.inputs.model.userName
        recipe = plan.quantization.recipe.name
        tensors = plan.assignments.map(Tensor.init)
        tensorBytes = plan.size.byteCount
        fileBytes = plan.fileByteCount
        bitsPerWeight = plan.size.bitsPerWeight
        estimatedSeconds = try plan.duration().map { $0 / .seconds(1) }
        missingImportance =
            if case .importanceMissing(let tensors, _)? = plan.missingImportance?.kind { tensors } else { nil }
        self.budget = budget
    }
}
