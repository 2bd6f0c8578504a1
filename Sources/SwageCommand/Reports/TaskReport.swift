import Evaluation
import Models
import Numerics
import Pipelines
import Runtime

/// What `evaluate --json` prints.
struct TaskReport: Encodable {
    /// Changes with the meaning of the members.
    let schema = "swage-evaluate/1"
    let version = SwageVersion.current
    /// OpenBLAS's kernels.
    let core = BLAS.coreName
    /// How activations are multiplied with weights.
    let precision: String
    let model: String
    let reference: String?
    let tasks: [Task]
    /// The questions of several tasks together.
    let all: Task?

    struct Task: Encodable {
        let name: String
        let form: TaskForm?
        let questions: Int
        /// The accuracy of guessing.
        let chance: Double
        let model: Accuracy
        let reference: Accuracy?
        let agreement: Agreement?

        init(_ result: TaskResult, reference: TaskResult?) {
            name = result.name
            form = result.form
            questions = result.questions.count
            chance = result.chance
            model = Accuracy(result)
            self.reference = reference.map { Accuracy($0) }
            agreement = reference.map { Agreement(AnswerAgreement(result, reference: $0)) }
        }
    }

    struct Accuracy: Encodable {
        let acc: Estimate
        let accNorm: Estimate
        let accBytes: Estimate
        /// Choices whose prompt was longer than the model's context.
        let cutPrompts: Int

        private enum CodingKeys: String, CodingKey {
            case acc
            case accNorm = "acc_norm"
            case accBytes = "acc_bytes"
            case cutPrompts
        }

        init(_ result: TaskResult) {
            acc = Estimate(result.accuracy)
            accNorm = Estimate(result.characterAccuracy)
            accBytes = Estimate(result.byteAccuracy)
            cutPrompts = result.cutCount
        }
    }

    /// By acc.
    struct Agreement: Encodable {
        let sameAnswer: Estimate
        let accDifference: Estimate
        let bothRight: Int
        let onlyModelRight: Int
        let onlyReferenceRight: Int
        let bothWrong: Int

        init(_ agreement: AnswerAgreement) {
            sameAnswer = Estimate(agreement.sameAnswer)
            accDifference = Estimate(agreement.difference)
            bothRight = agreement.bothRight
            onlyModelRight = agreement.onlyModelRight
            onlyReferenceRight = agreement.onlyReferenceRight
            bothWrong = agreement.bothWrong
        }
    }

    init(
        model: String, results: [TaskResult], reference: String?, references: [TaskResult]?, precision: Precision
    ) {
        self.precision = precision.rawValue
        self.model = model
        self.reference = reference
        tasks = results.enumerated().map { Task($1, reference: references?[$0]) }
        all =
            results.count < 2
            ? nil
            : Task(
                TaskResult(name: "all", all: results),
                reference: references.map { TaskResult(name: "all", all: $0) })
    }
}
