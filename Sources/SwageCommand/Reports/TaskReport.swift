import Evaluation
import Manifests
import Runtime
import Models
import Numerics
import Pages

/// What `evaluate --json` prints.
struct TaskReport: Encodable {
    let version = SwageVersion.current
    /// OpenBLAS's kernels.
    let core = BLAS.coreName
    let manifest: Manifest?
    /// How activations are multiplied with weights.
    let precision: String
    let model: String
    let reference: String?
    let tasks: [TaskFigures]
    /// The questions of several tasks together.
    let all: TaskFigures?

    init(
        model: String, results: [TaskResult], reference: String?, references: [TaskResult]?, precision: Precision,
        manifest: Manifest? = nil
    ) {
        self.precision = precision.rawValue
        self.manifest = manifest
        self.model = model
        self.reference = reference
        tasks = results.enumerated().map { TaskFigures($1, reference: references?[$0]) }
        all = TaskFigures.all(results, references: references)
    }
}
