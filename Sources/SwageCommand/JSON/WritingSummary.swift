import Models
import Pipelines

/// What commands that write a model print of it as JSON.
struct WritingSummary: Encodable {
    let model: String
    let tensorCount: Int
    /// Of the file, or of all parts together.
    let fileBytes: Int
    let bitsPerWeight: Double
    /// What a limit has come to; nil without one.
    let budget: BudgetSummary?

    init(_ outcome: Conversion.Outcome, of model: Model, budget: BudgetSummary? = nil) {
        self.model = model.userName
        tensorCount = outcome.tensorCount
        fileBytes = outcome.fileByteCount
        bitsPerWeight = outcome.bitsPerWeight
        self.budget = budget
    }
}

/// What a limit of size has come to.
struct BudgetSummary: Encodable {
    /// Nats per token.
    let predictedDivergence: Double
    /// On windows that nothing was fitted to.
    let measuredDivergence: Double?
    let measuredWindows: Int?
    /// The best mix that is no larger.
    let mix: Mix?

    struct Mix: Encodable {
        let name: String
        let fileBytes: Int
        let predictedDivergence: Double
    }

    init(_ outcome: Budget.Outcome, measured: HeldOutDivergence.Result?) {
        predictedDivergence = outcome.predicted
        measuredDivergence = measured?.divergence
        measuredWindows = measured?.windowCount
        mix = outcome.mix.map {
            Mix(name: $0.name, fileBytes: $0.fileByteCount, predictedDivergence: $0.predicted)
        }
    }
}
