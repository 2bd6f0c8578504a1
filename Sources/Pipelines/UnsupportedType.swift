import BlockFormats
import Files
import Tensors

/// Weights are stored in a type that nothing decodes.
public struct UnsupportedType: DiagnosticError, Equatable {
    public let type: TensorType
    public let place: Place

    public init(_ type: TensorType, file: String? = nil, tensor: String) {
        self.type = type
        place = Place(file: file, part: tensor)
    }

    public var diagnostic: Diagnostic {
        Diagnostic(
            .input, at: place, "weights of type \(type.name) cannot be decoded",
            advice: "start from a file in one of: \(BlockFormats.names)")
    }
}

extension BlockFormats {
    /// The supported types, for messages.
    static var names: String { supportedTypes.map(\.name).joined(separator: ", ") }
}
