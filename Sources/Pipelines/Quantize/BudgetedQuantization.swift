import Calibration
import Journals
import Models
import Recipes

/// Quantizes a model to a budget: finds the types by what they cost in this model, and measures what they have cost.
///
/// Weights are fitted to texts, of which at least one window has to be held out.
public struct BudgetedQuantization: Sendable {
    /// How large the result may be.
    public var budget: Budget
    /// What else is asked for; the recipe is that of the budget.
    public var quantization: Quantization
    /// A ``SensitivityFile`` of the model; nil measures what types cost on the texts.
    public var sensitivityPath: String?
    /// What measurements work with, and whom they tell of their progress.
    public var compute: Compute
    /// The file that will be written: what types cost is kept in the folder `OUTPUT.sensitivity.work` until
    /// ``removeWork()``; nil keeps nothing.
    public var output: String?
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false

    /// A quantization to a budget.
    ///
    /// - Parameters:
    ///   - quantization: What else is asked for; the recipe is that of the budget.
    ///   - budget: How large the result may be.
    ///   - sensitivityPath: A ``SensitivityFile`` of the model; nil measures what types cost on the texts.
    ///   - compute: What measurements work with, and whom they tell of their progress.
    public init(
        _ quantization: Quantization, budget: Budget, sensitivityPath: String? = nil, compute: Compute = Compute()
    ) {
        self.budget = budget
        self.quantization = quantization
        self.sensitivityPath = sensitivityPath
        self.compute = compute
    }

    /// Finds the recipe of least predicted KL divergence.
    ///
    /// - Parameter inputs: The model, and texts to fit its weights to.
    /// - Throws: `CalibrationError` if there are no texts or the file is of another model, `RecipeError` if even the smallest
    ///   types are too large, and an error with what differs if the folder holds the work of another run.
    public func plan(_ inputs: QuantizationInputs) throws -> Budget.Outcome {
        let fitting = try fitting(of: inputs)
        let sensitivity =
            try sensitivityPath.map { try SensitivityFile.read($0, of: inputs.model) }
            ?? measured(inputs.model, fitting)
        return try budget.solve(quantization, inputs, sensitivity: sensitivity)
    }

    private func measured(_ model: Model, _ fitting: TextFitting) throws -> Sensitivity {
        var probing = SensitivityProbing(fitting.texts, policy: fitting.policy, compute: compute)
        probing.isRestarting = isRestarting
        let journal = try output.map { try probing.journal(model, output: $0, stage: .sensitivity) }
        return try Journal.perform(journal, removes: false) { try probing.run(model, journal) }
    }

    /// Removes what was kept, since the output is there.
    public func removeWork() throws {
        guard let output, sensitivityPath == nil else { return }
        try Journal.remove(stage: .sensitivity, of: output)
    }

    /// Measures a model that was written on the windows that are held out.
    ///
    /// - Parameters:
    ///   - path: The file that was written, or the first of its parts.
    ///   - inputs: The original and the texts that it was fitted to.
    /// - Throws: `CalibrationError` if there are no texts or no window is held out, and errors of reading both models.
    public func divergence(of path: String, from inputs: QuantizationInputs) throws -> HeldOutDivergence.Result {
        try HeldOutDivergence(fitting(of: inputs).texts, compute: compute).run(Model.open(path), from: inputs.model)
    }

    private func fitting(of inputs: QuantizationInputs) throws -> TextFitting {
        guard let fitting = inputs.guidance.texts else { throw CalibrationError(.noTexts) }
        return fitting
    }
}
