import ModelArchitecture

/// A place in the model where a matrix meets its inputs.
public struct ActivationSite: Sendable, Hashable {
    /// The inputs of a layer that matrices multiply, and those of the output matrix.
    public enum Input: Sendable, Hashable {
        /// The normalized residual stream, which the matrices of queries, keys and values multiply.
        case attention
        /// The outputs of all heads, which the output matrix of attention multiplies.
        case attentionOutput
        /// The normalized residual stream, which the router multiplies.
        case router
        /// The normalized residual stream, which the gate and up matrices of a dense block multiply.
        case feedForward
        /// The hidden units of a dense block.
        case feedForwardDown
        /// The rows of the normalized residual stream that one expert gets.
        case experts
        /// The hidden units of one expert.
        case expertsDown
        /// The normalized residual stream, which the gate and up matrices of the shared block multiply.
        case shared
        /// The hidden units of the shared block.
        case sharedDown
        /// The input of the output matrix, which belongs to no layer; its sites have the number of layers in place of a
        /// layer's number.
        case output
    }

    /// The number of the layer, from 0; the number of layers for the output matrix.
    public let layer: Int
    /// The input of the layer that the matrix multiplies.
    public let input: Input
    /// The number of the expert; 0 for inputs that are not those of single experts.
    public let expert: Int

    /// Names a place; `expert` is 0 where the matrices are not those of single experts.
    public init(layer: Int, input: Input, expert: Int) {
        self.layer = layer
        self.input = input
        self.expert = expert
    }

    /// Whether every expert of the layer has inputs of its own here.
    public var isOfExpert: Bool { input == .experts || input == .expertsDown }

    /// The weights that multiply these inputs.
    public var roles: [TensorRole] {
        switch input {
        case .attention: [.attentionQuery, .attentionKey, .attentionValue]
        case .attentionOutput: [.attentionOutput]
        case .router: [.router]
        case .feedForward: [.feedForwardGate, .feedForwardUp]
        case .feedForwardDown: [.feedForwardDown]
        case .experts: [.expertsGate, .expertsUp]
        case .expertsDown: [.expertsDown]
        case .shared: [.sharedGate, .sharedUp]
        case .sharedDown: [.sharedDown]
        case .output: [.output]
        }
    }
}

/// Some rows of the inputs at one site.
public struct ActivationRows {
    /// `count` rows of `columns` values after each other, valid while they are observed.
    public let inputs: UnsafePointer<Float>
    /// The number of rows.
    public let count: Int
    /// The number of values in a row.
    public let columns: Int
    /// The routing weights that an expert's outputs for the rows are added up with; nil where all are 1.
    public let weights: ArraySlice<Float>?

    /// Describes `count` rows of `columns` values that lie after each other; `weights` has one value for each row.
    public init(_ inputs: UnsafePointer<Float>, count: Int, columns: Int, weights: ArraySlice<Float>? = nil) {
        self.inputs = inputs
        self.count = count
        self.columns = columns
        self.weights = weights
    }
}

/// An observer that is shown the inputs of every matrix during a forward pass.
public protocol ActivationObserver: Sendable {
    /// Receives some rows of a site's inputs; called from several threads, in no particular order.
    ///
    /// - Parameters:
    ///   - rows: the rows, valid during the call.
    ///   - site: the place in the model where the inputs are seen.
    ///   - piece: the number of the piece of the stage that the rows are; pieces do not depend on the thread count.
    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int)

    /// Is called from one thread after all pieces of a stage have been observed.
    func endStage()
}
