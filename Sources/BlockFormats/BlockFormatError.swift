import Files
import Tensors

/// An error of values or bytes that cannot be encoded or decoded as a tensor type.
public struct BlockFormatError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// There is no codec for the blocks of the type.
        case unsupportedType
        /// The values of a row are not a whole number of blocks.
        case partialBlock(count: Int)
        /// The bytes are not a whole number of blocks.
        case partialBytes(byteCount: Int)
        /// A value of the row is infinite or not a number.
        case invalidValue(Float, index: Int)
        /// There is not one weight for each value of the row.
        case importanceCount(found: Int, expected: Int)
        /// A weight is negative, infinite or not a number.
        case invalidImportance(Float, index: Int)
    }

    /// What is wrong.
    public let kind: Kind
    /// The type that was asked for.
    public let type: TensorType

    init(_ kind: Kind, type: TensorType) {
        self.kind = kind
        self.type = type
    }

    /// The error in words: the type, what was found and expected, and what to do. There is no file: the values and
    /// bytes are the caller's.
    public var diagnostic: Diagnostic { Diagnostic(.usage, place: type.name, problem, advice: advice) }

    private var problem: String {
        switch kind {
        case .unsupportedType: "the type cannot be encoded or decoded"
        case .partialBlock(let count):
            "\(count) values are no whole number of blocks: a multiple of \(type.blockLength) expected"
        case .partialBytes(let byteCount):
            "\(byteCount) bytes are no whole number of blocks: a multiple of \(type.blockByteCount) expected"
        case .invalidValue(let value, let index): "value \(index) is \(value), a finite number expected"
        case .importanceCount(let found, let expected): "\(found) importances for \(expected) values"
        case .invalidImportance(let weight, let index):
            "importance \(index) is \(weight), a finite number that is not negative expected"
        }
    }

    private var advice: Message {
        switch kind {
        case .unsupportedType: "use one of BlockFormats.supportedTypes"
        case .partialBlock, .partialBytes: "pass whole rows, or choose a type of smaller blocks"
        case .invalidValue: "mend the values first; firstNonFinite tells where they are broken"
        case .importanceCount: "pass one importance for each value, or none at all"
        case .invalidImportance: "compute the importances again, or pass none"
        }
    }
}
