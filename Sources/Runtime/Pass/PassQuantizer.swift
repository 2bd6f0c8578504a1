import ModelArchitecture

/// The place of one matrix in a model: its role, its layer, and its number in a stack.
public struct MatrixPlace: Sendable, Hashable {
    /// The part that the matrix plays in its layer or in the model.
    public let role: TensorRole
    /// The number of the layer, from 0; nil for the output matrix.
    public let layer: Int?
    /// The number of the matrix in a stack of experts; 0 for a matrix that is not one of a stack.
    public let expert: Int

    /// Names a matrix; `layer` is nil for the output matrix alone, `expert` 0 for a matrix that is not one of a stack.
    public init(_ role: TensorRole, layer: Int?, expert: Int = 0) {
        self.role = role
        self.layer = layer
        self.expert = expert
    }
}

/// The inputs that one matrix has for the same tokens in two models: the quantized one and the original.
public struct PairedRows {
    private let states: (inputs: HiddenStates, references: HiddenStates)
    /// The factors with which errors of the matrix's outputs reach the states, one for each row: an expert's routing
    /// weights in the quantized model; nil where all are 1.
    public let weights: [Float]?

    init(_ inputs: HiddenStates, _ references: HiddenStates, weights: [Float]? = nil) {
        states = (inputs, references)
        self.weights = weights
    }

    /// `rowCount` rows of `columns` values in the model that is quantized on the way, valid as long as this is.
    public var inputs: UnsafePointer<Float> { UnsafePointer(states.inputs.row(0)) }
    /// `rowCount` rows of `columns` values in the original model, valid as long as this is.
    public var references: UnsafePointer<Float> { UnsafePointer(states.references.row(0)) }
    /// The number of rows: tokens that reach the matrix.
    public var rowCount: Int { states.inputs.rowCount }
    /// The number of values in a row: inputs of the matrix.
    public var columns: Int { states.inputs.columns }
}

/// A method of quantizing the matrices of a model one after the other, as a ``PairedPass`` comes to them.
public protocol PassQuantizer: AnyObject {
    /// Is called when a layer's tokens are routed, before its first expert is quantized; does nothing by default.
    func beginExperts(_ experts: LayerExperts) throws

    /// Quantizes the matrices that multiply the inputs of a site, given these inputs in both models.
    func quantize(_ site: ActivationSite, rows: PairedRows) throws

    /// Writes the values of a matrix, row by row: those after quantization if it has been quantized, else the
    /// original's.
    func decode(_ place: MatrixPlace, into target: UnsafeMutablePointer<Float>) throws

    /// Is called after all matrices of a layer have been quantized, with the states that leave the layer in both
    /// models.
    func endLayer(_ layer: Int, original: HiddenStates, quantized: HiddenStates) throws
}

extension PassQuantizer {
    /// Does nothing.
    public func beginExperts(_ experts: LayerExperts) throws {}
}

/// The experts of a layer whose tokens are routed, for a quantizer that takes them in another order than the pass.
public struct LayerExperts {
    /// The number of the layer, from 0.
    public let layer: Int
    /// The numbers of the experts, in the order in which the pass comes to them.
    public let order: [Int]
    private let gateRows: (Int) throws -> PairedRows
    private let hiddenRows: (_ expert: Int, _ comparesOriginal: Bool) throws -> PairedRows

    init(
        layer: Int, order: [Int], gateRows: @escaping (Int) throws -> PairedRows,
        hiddenRows: @escaping (_ expert: Int, _ comparesOriginal: Bool) throws -> PairedRows
    ) {
        self.layer = layer
        self.order = order
        self.gateRows = gateRows
        self.hiddenRows = hiddenRows
    }

    /// The inputs of an expert's gate and up matrices in both models.
    ///
    /// - Parameter expert: The number of the expert.
    /// - Returns: a row for each token that the expert gets in the quantized model.
    public func rows(of expert: Int) throws -> PairedRows { try gateRows(expert) }

    /// The inputs of an expert's down matrix, computed with its gate and up matrices as the quantizer decodes them.
    ///
    /// - Parameters:
    ///   - expert: The number of the expert.
    ///   - comparesOriginal: Whether the original's are computed too; else those of the quantized model stand for them.
    /// - Returns: a row for each token that the expert gets in the quantized model.
    public func downRows(of expert: Int, comparesOriginal: Bool) throws -> PairedRows {
        try hiddenRows(expert, comparesOriginal)
    }
}

extension ActivationSite {
    /// The matrices that multiply these inputs.
    public var places: [MatrixPlace] {
        roles.map { MatrixPlace($0, layer: input == .output ? nil : layer, expert: expert) }
    }
}
