import ModelArchitecture

/// A place in the model where a matrix meets its inputs.
public struct ActivationSite: Sendable, Hashable {
    /// The inputs of a layer that matrices multiply, and those of the output matrix.
    public enum Input: Sendable, Hashable {
        case attention, attentionOutput
        case router
        case feedForward, feedForwardDown
        case experts, expertsDown
        case shared, sharedDown
        /// The input of the output matrix, which belongs to no layer; its sites have the number of layers in place of a
        /// layer's number.
        case output
    }

    /// The number of the layer, from 0; the number of layers for the output matrix.
    public let layer: Int
    /// Which of the layer's inputs the matrix multiplies.
    public let input: Input
    /// The matrix of the stack, for experts.
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

/// Some rows of a site's inputs.
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

/// Sees the inputs of every matrix during a forward pass.
public protocol ActivationObserver: Sendable {
    /// Receives some rows of a site's inputs; called from several threads, in no particular order.
    ///
    /// - Parameter piece: numbers the pieces of one stage; the cut does not depend on the thread count.
    func observe(_ rows: ActivationRows, of site: ActivationSite, piece: Int)

    /// Is told, from one thread, that the stage's pieces are complete.
    func endStage()
}
