/// What a dense model is to become.
public struct UpcyclingOptions: Sendable, Hashable {
    /// The number of routed experts.
    public var expertCount: Int
    /// The number of routed experts that each token passes through.
    public var usedCount: Int
    /// The number of slices that every dense block is cut into, each as wide as an expert.
    public var granularity: Int
    /// The number of slices that every token passes through, in the shared block.
    public var sharedCount: Int
    /// The family of the result; nil for XVERSE-MoE where the dense model is XVERSE or there is a shared block, else Mixtral.
    public var form: UpcyclingForm?
    /// The standard deviation of the router's weights.
    public var routerScale: Double
    /// What random numbers depend on: the router's weights, and what ``perturbation`` adds.
    public var seed: UInt64
    /// What makes the copies of a slice differ from the beginning.
    public var perturbation: Perturbation

    /// What is done to the weights of routed experts, each by itself.
    public enum Perturbation: Sendable, Hashable {
        /// Nothing: the result computes what the dense model computed.
        case none
        /// Noise is added, with this share of the standard deviation of the slice's matrix.
        case noise(Double)
        /// This share of an expert's inner elements begins anew, in gate, up and down alike, with the mean and the standard
        /// deviation of the weights that are replaced (Drop-Upcycling; Nakamura et al., arXiv 2502.19261).
        case drop(Double)
    }

    /// The standard deviation that transformers initializes weights with.
    public static let usualRouterScale = 0.02

    /// Options for a mixture of experts.
    ///
    /// - Parameters:
    ///   - expertCount: The number of routed experts.
    ///   - usedCount: The number of routed experts that each token passes through.
    ///   - granularity: The number of slices that every dense block is cut into.
    ///   - sharedCount: The number of slices in the shared block, fewer than the granularity.
    ///   - form: The family of the result; nil for the one that suits.
    ///   - routerScale: The standard deviation of the router's weights.
    ///   - seed: What random numbers depend on.
    ///   - perturbation: What makes the copies of a slice differ from the beginning.
    public init(
        expertCount: Int, usedCount: Int, granularity: Int = 1, sharedCount: Int = 0, form: UpcyclingForm? = nil,
        routerScale: Double = usualRouterScale, seed: UInt64 = 0, perturbation: Perturbation = .none
    ) {
        self.expertCount = expertCount
        self.usedCount = usedCount
        self.granularity = granularity
        self.sharedCount = sharedCount
        self.form = form
        self.routerScale = routerScale
        self.seed = seed
        self.perturbation = perturbation
    }
}
