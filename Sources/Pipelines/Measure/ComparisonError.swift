import Files
import Tensors

/// Two models whose weights cannot be compared.
public struct ComparisonError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    public enum Kind: Sendable, Equatable {
        /// A tensor of one of the models is not in the other.
        case missingCounterpart
        /// A tensor has another shape than the original's, and more than padding tells them apart.
        case otherShape(TensorShape, original: TensorShape)
    }

    /// What is wrong.
    public let kind: Kind
    /// The model and the tensor concerned.
    public let place: Place

    /// An error of a tensor that has no counterpart.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The model that lacks the tensor, or has it in another shape.
    ///   - tensor: The tensor's name.
    public init(_ kind: Kind, file: String, tensor: String) {
        self.kind = kind
        place = Place(file: file, part: tensor)
    }

    /// The error in words: the file and the place, what was found, and what to do.
    public var diagnostic: Diagnostic {
        let problem =
            switch kind {
            case .missingCounterpart: "the tensor is not in this model, but in the one it is compared with"
            case .otherShape(let shape, let original): "the shape is \(shape), the original's \(original)"
            }
        return Diagnostic(
            .input, at: place, problem, advice: "compare a file with the model that it was made from")
    }
}
