import Files
import Tensors

/// An error of a file of second moments that is damaged, or does not belong to the model.
public struct HessianError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The file is a GGUF of another kind.
        case notHessian(type: String?)
        /// A metadata key is missing or has an impossible value.
        case invalidKey(ByteString)
        /// The file lacks inputs that the model has.
        case missingTensor
        /// The file has inputs that the model lacks.
        case unexpectedTensor
        /// The tensor is of another element type than it must be.
        case wrongType(found: TensorType, expected: TensorType)
        /// The tensor is of another shape than that of the model's inputs.
        case wrongShape(found: TensorShape, expected: TensorShape)
        /// The number of rows of inputs is impossible.
        case invalidRowCount(Int64)
        /// A sum of squares is negative, infinite or not a number.
        case invalidDiagonal(column: Int, value: Float)
        /// A site that has seen no rows has sums above 0.
        case sumsWithoutRows
        /// A correlation is not between −1 and 1.
        case invalidCorrelation(row: Int, column: Int, value: Float)
        /// The sums of an expert and those of its layer differ so much in size that float32 cannot hold their
        /// combination.
        case incombinable
        /// Sums that were collected overflow.
        case nonFiniteMoments
        /// A matrix as wide as the inputs has more elements than can be counted.
        case tooLarge
    }

    /// What is wrong, with what was found and what was expected.
    public let kind: Kind
    /// The path of the file; nil for moments that are not in a file yet.
    public let path: String?
    /// The name of the tensor in the file; nil if the error is about no single one.
    public let tensor: String?

    /// Makes the error of a file, or of one tensor in it.
    public init(_ kind: Kind, path: String? = nil, tensor: String? = nil) {
        self.kind = kind
        self.path = path
        self.tensor = tensor
    }

    /// The error in words: file, tensor, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        Diagnostic(.input, file: path, place: tensor.map { "tensor \"\($0)\"" }, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .notHessian(let type):
            "not a file of second moments: general.type is \(type ?? "missing"), expected hessian"
        case .invalidKey(let key): "the key \(key) is missing or not a possible value"
        case .missingTensor: "the tensor is missing, and the model has such inputs"
        case .unexpectedTensor: "the model has no such inputs"
        case .wrongType(let found, let expected): "elements of type \(found.name), expected \(expected.name)"
        case .wrongShape(let found, let expected): "the shape is \(found), for the model's inputs \(expected) expected"
        case .invalidRowCount(let count): "\(count) rows of inputs, a number that is possible expected"
        case .invalidDiagonal(let column, let value):
            "the sum of squares of column \(column) is \(value), a finite number not below 0 expected"
        case .sumsWithoutRows: "sums of squares of no rows, zeros expected"
        case .invalidCorrelation(let row, let column, let value):
            "the correlation of columns \(row) and \(column) is \(value), a number from -1 to 1 expected"
        case .incombinable: "the sums and those of the layer's other experts differ too much in size to be added"
        case .nonFiniteMoments: "a sum of products of the inputs is not a finite number"
        case .tooLarge: "the inputs are too wide for second moments"
        }
    }

    private var advice: Message {
        switch kind {
        case .notHessian: "give a file made by \(run: .collectHessian)"
        case .missingTensor, .unexpectedTensor, .wrongShape:
            "use the file that was collected from this very model"
        case .nonFiniteMoments: "the model's weights are damaged; check them with \(run: .inspectModel)"
        case .tooLarge: "use an importance matrix in place of \(.hessian): \(run: .collectImportance)"
        case .invalidKey, .wrongType, .invalidRowCount, .invalidDiagonal, .sumsWithoutRows, .invalidCorrelation,
            .incombinable:
            "the file is damaged; collect it again"
        }
    }
}
