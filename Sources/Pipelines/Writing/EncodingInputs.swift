import Calibration
import Tensors
import WeightEncoding

/// What the bytes of a file's tensors are made of.
struct EncodingInputs: Sendable {
    /// The tensors as they are stored, or encoded already.
    var source: any TensorSource
    var guidance = EncodingGuidance()
    /// Second moments, which some tensors are encoded by with error feedback.
    var hessian: OpenedHessian?
}
