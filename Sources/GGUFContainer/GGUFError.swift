import Files
import Tensors

/// A GGUF file that is damaged, incomplete or of a kind that is not supported; or contents that cannot be written.
public struct GGUFError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        // The file as a whole.
        case notGGUF(found: [UInt8])
        case bigEndian
        case unsupportedVersion(UInt32)
        case truncated(wantedByteCount: Int, remainingByteCount: Int)
        case headerTooLarge(limit: Int)
        case countTooLarge(UInt64, of: String, remainingByteCount: Int)
        // Metadata.
        case emptyKey
        case keyTooLong(byteCount: Int)
        case duplicateKey
        case unknownValueType(UInt32)
        case nestedArray
        case invalidUTF8
        case invalidBool(UInt8)
        case wrongValueType(found: String, expected: String)
        case wrongArrayCount(found: Int, expected: Int)
        case alignment(UInt64)
        // Tensors.
        case invalidTensorName
        case tensorNameTooLong(byteCount: Int)
        case duplicateTensor
        case tooManyDimensions(Int)
        case invalidShape([UInt64])
        case removedTensorType(UInt32)
        case internalTensorType(UInt32)
        case foreignTensorType(UInt32)
        case partialBlock(rowLength: Int, type: TensorType)
        case tensorTooLarge
        case wrongOffset(found: UInt64, expected: Int)
        case tensorOutsideFile(endOffset: Int, fileByteCount: Int)
        // Splits.
        case splitKeyMissing
        case splitName(number: Int, count: Int)
        case splitPartsMissing([String])
        case splitNumber(found: Int, expected: Int)
        case splitCount(found: Int, expected: Int)
        case splitTensorCount(found: Int, expected: Int)
        case tooManyParts(Int)
        // Writing.
        case tensorByteCount(found: Int, expected: Int)
        case tensorsMissing(written: Int, expected: Int)
        case noTensorLeft
    }

    /// The place in a file that an error is about.
    public enum Place: Sendable, Equatable {
        case file
        case byte(Int)
        case key(ByteString)
        case tensor(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The file, or the part of a split model.
    public let path: String
    /// The place in the file.
    public let place: Place

    init(_ kind: Kind, path: String, place: Place = .file) {
        self.kind = kind
        self.path = path
        self.place = place
    }
}
