import Calibration
import Evaluation
import Models

/// Measures how far a quantized model's predictions are from its original's on windows that nothing was fitted to.
public struct HeldOutDivergence: Sendable {
    /// The texts that the model was fitted to, and how many windows of each were held out.
    public var texts: CalibrationTexts
    /// What the measurement works with, and whom it tells of its progress.
    public var compute: Compute

    /// What has been measured.
    public struct Result: Sendable {
        /// The mean KL divergence in nats per scored token.
        public let divergence: Double
        /// The windows that were held out.
        public let windowCount: Int
    }

    /// A measurement on the windows of some texts that are held out.
    ///
    /// - Parameters:
    ///   - texts: The texts that models were fitted to, with at least one window held out.
    ///   - compute: What the measurement works with, and whom it tells of its progress.
    public init(_ texts: CalibrationTexts, compute: Compute = Compute()) {
        self.texts = texts
        self.compute = compute
    }

    /// Runs both models on the windows.
    ///
    /// - Parameters:
    ///   - quantized: The model that was made from the original.
    ///   - original: The model whose predictions are the reference, with the same layers.
    /// - Throws: `CalibrationError` if no window is held out, and errors of reading both models.
    public func run(_ quantized: Model, from original: Model) throws -> Result {
        let windows = try texts.measuredWindows(original).heldOut
        compute.progress(.stage(.measuringHeldOut))
        let pass = try quantized.forwardPass(compute)
        let parts = (0..<original.plan.layerCount).map { PerturbationProbe.Part.layer($0) } + [.embedding, .output]
        let probe = PerturbationProbe(try original.forwardPass(compute), windows: windows)
        let divergences = try probe.divergences(of: [Set(parts)]) { _, _ in
            pass
        } progress: {
            compute.progress(.fraction($0))
        }
        return Result(divergence: divergences[0], windowCount: windows.count)
    }
}
