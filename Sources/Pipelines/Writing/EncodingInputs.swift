import Tensors

/// What the bytes of a file's tensors are made of.
struct EncodingInputs: Sendable {
    /// The tensors as they are stored, or encoded already.
    var source: any TensorSource
    var guidance = EncodingGuidance()
}
