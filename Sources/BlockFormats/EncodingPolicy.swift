/// The measure of error that an encoder minimizes, and the correction that it makes afterwards.
///
/// The least weighted squared error is not the best model: it shrinks the weights. Each type's default policy is the
/// one with the least KL divergence on held-out texts.
public struct EncodingPolicy: Sendable, Hashable {
    /// The cost of a squared error on an element x of a block with mean square σ².
    public enum ElementWeight: Sendable, Hashable, CaseIterable {
        /// The importance of the column alone.
        case importance
        /// The importance of the column times (σ² + x²)^¼.
        case fourthRoot
        /// The importance of the column times (σ² + x²)^½, as in ggml: an error on a large weight costs a little more.
        case squareRoot
    }

    /// The dependence of the cost of an error on the element that it is made on.
    public var elementWeight: ElementWeight
    /// The part of the shrinkage left by the chosen codes that a larger scale takes back: 0 for nothing, 1 for all of
    /// it, more than 1 if outputs are correlated, which importances do not show.
    public var gainRestoration: Float

    /// Makes a policy; unless told otherwise it weighs errors as ggml does and restores nothing.
    public init(elementWeight: ElementWeight = .squareRoot, gainRestoration: Float = 0) {
        self.elementWeight = elementWeight
        self.gainRestoration = gainRestoration
    }
}
