import BlockFormats
import Files
import Tensors

/// A weight that cannot be carried from its type to another.
public struct EncodingError: DiagnosticError, Equatable {
    /// What is wrong, with what was found.
    public enum Kind: Sendable, Equatable {
        /// A weight does not fit the type it is to be stored in.
        case weightOutOfRange(row: Int, column: Int, value: Float, type: TensorType)
        /// No decoder exists for the type that a tensor is stored in.
        case unsupportedType(TensorType)
        /// No encoder exists for the type that a tensor is to be stored in.
        case unsupportedTarget(TensorType)
        /// Quantized weights would be quantized again.
        case alreadyQuantized(TensorType)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file and the tensor concerned, as far as they are known.
    public let place: Place

    /// An error of a weight's type.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - file: The file that has the tensor; nil if it is not known.
    ///   - tensor: The tensor's name; nil if it is not known.
    public init(_ kind: Kind, file: String? = nil, tensor: String? = nil) {
        self.kind = kind
        place = Place(file: file, part: tensor)
    }

    /// The error in words: the file and the tensor, what was found, and what to do.
    public var diagnostic: Diagnostic {
        switch kind {
        case .weightOutOfRange(let row, let column, let value, let type):
            Diagnostic(
                .usage, at: place, "the weight in row \(row), column \(column) is \(value), too large for \(type.name)",
                advice: "use bf16 or f32")
        case .unsupportedType(let type):
            Diagnostic(
                .input, at: place, "weights of type \(type.name) cannot be decoded",
                advice: "start from a file in one of: \(Self.supportedTypes)")
        case .unsupportedTarget(let type):
            Diagnostic(
                .usage, at: place, "no weights can be encoded as \(type.name)",
                advice: "known types: \(Self.supportedTypes)")
        case .alreadyQuantized(let type):
            Diagnostic(
                .usage, at: place, "the weights are quantized already, as \(type.name)",
                advice: "start from the original model, or accept the loss with \(.allowsRequantization)")
        }
    }

    private static var supportedTypes: String { BlockFormats.supportedTypes.map(\.name).joined(separator: ", ") }
}
