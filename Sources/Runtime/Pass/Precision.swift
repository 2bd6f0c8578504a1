/// How a forward pass multiplies activations with weights.
public enum Precision: String, Sendable, Hashable, CaseIterable {
    /// Weights and activations in single precision: the reference.
    case reference
    /// Quantized weights as the whole numbers that they are, activations rounded to 8 bits with a scale for every 32 of
    /// them; weights of 16 and 32 bits and the activations that they meet in bfloat16.
    ///
    /// Routers, norms, the softmax of attention and the residual stream stay in single precision. As in the reference, what
    /// a token gets does not depend on the tokens beside it.
    case fast
}
