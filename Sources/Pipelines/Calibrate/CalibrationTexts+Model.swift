import Calibration
import Evaluation
import Models

extension CalibrationTexts {
    /// The windows that a model is fitted to, and those that are held out.
    func windows(_ model: Model) throws -> (fitting: [EvaluationWindow], heldOut: [EvaluationWindow]) {
        try windows(model.tokenizer, contextLimit: model.plan.contextLength)
    }

    /// The windows that a model is fitted to and those that are held out, of which there is at least one.
    func measuredWindows(_ model: Model) throws -> (fitting: [EvaluationWindow], heldOut: [EvaluationWindow]) {
        try measuredWindows(model.tokenizer, contextLimit: model.plan.contextLength)
    }
}
