/// What an encoder counts as error, and what it corrects afterwards.
///
/// The least weighted squared error is not the best model: it shrinks the weights. Each type's default policy is the one
/// with the least KL divergence on held-out texts.
public struct EncodingPolicy: Sendable, Hashable {
    /// What an error on an element x of a block with mean square σ² costs.
    public enum ElementWeight: Sendable, Hashable, CaseIterable {
        /// The column's importance alone.
        case importance
        /// importance · (σ² + x²)^¼
        case fourthRoot
        /// importance · (σ² + x²)^½, as ggml has it: an error on a large weight costs a little more.
        case squareRoot
    }

    /// How the cost of an error depends on the element that it is made on.
    public var elementWeight: ElementWeight
    /// How much of the shrinkage that the chosen codes leave is taken back by a larger scale: 0 for nothing, 1 for all
    /// of it, more than 1 where outputs are correlated, which importances cannot see.
    public var gainRestoration: Float

    /// A policy that weighs errors as ggml does and restores nothing, but for what is given.
    public init(elementWeight: ElementWeight = .squareRoot, gainRestoration: Float = 0) {
        self.elementWeight = elementWeight
        self.gainRestoration = gainRestoration
    }
}
