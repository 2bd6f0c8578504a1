import Files
import Tensors

/// An error of a GGUF file that is damaged, incomplete or of a kind that is not supported, or of contents that cannot
/// be written.
public struct GGUFError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        // The file as a whole.
        /// The file begins with other bytes than `GGUF`.
        case notGGUF(found: [UInt8])
        /// The file is written for big-endian machines.
        case bigEndian
        /// The version of the format is not 2 or 3.
        case unsupportedVersion(UInt32)
        /// The file ends before bytes that its header announces.
        case truncated(wantedByteCount: Int, remainingByteCount: Int)
        /// The header is larger, in bytes, than is accepted.
        case headerTooLarge(limit: Int)
        /// A count of things is larger than the rest of the file can hold.
        case countTooLarge(UInt64, of: String, remainingByteCount: Int)
        /// There are more things of a kind than any model has.
        case tooMany(Int, of: String, limit: Int)
        // Metadata.
        /// A key is empty.
        case emptyKey
        /// A key is longer than the format allows.
        case keyTooLong(byteCount: Int)
        /// A key is there twice.
        case duplicateKey
        /// The number of a value type is not one of the format.
        case unknownValueType(UInt32)
        /// The elements of an array are arrays.
        case nestedArray
        /// A text is not valid UTF-8.
        case invalidUTF8
        /// A truth value is neither 0 nor 1.
        case invalidBool(UInt8)
        /// The value of a key is of another type than the key has.
        case wrongValueType(found: String, expected: String)
        /// An array has another number of elements than it must have.
        case wrongArrayCount(found: Int, expected: Int)
        /// The alignment is not a power of two, or too large.
        case alignment(UInt64)
        // Tensors.
        /// The name of a tensor is empty or holds a zero byte.
        case invalidTensorName
        /// The name of a tensor is longer than ggml allows.
        case tensorNameTooLong(byteCount: Int)
        /// Two tensors have the same name.
        case duplicateTensor
        /// A tensor has more dimensions than ggml allows.
        case tooManyDimensions(Int)
        /// A dimension is 0 or too large, or their product overflows.
        case invalidShape([UInt64])
        /// The tensor is of a type that ggml once had.
        case removedTensorType(UInt32)
        /// The tensor is of a type that ggml uses in memory only.
        case internalTensorType(UInt32)
        /// The tensor is of a type that ggml does not know, such as that of a fork.
        case foreignTensorType(UInt32)
        /// A row of the tensor is not a whole number of blocks of its type.
        case partialBlock(rowLength: Int, type: TensorType)
        /// The size of the tensor in bytes overflows.
        case tensorTooLarge
        /// The data of a tensor do not begin where those of the one before end.
        case wrongOffset(found: UInt64, expected: Int)
        /// The data of a tensor end behind the end of the file.
        case tensorOutsideFile(endOffset: Int, fileByteCount: Int)
        // Splits.
        /// A part of a split lacks a key that describes the split.
        case splitKeyMissing
        /// The name of a part is not that of its number.
        case splitName(number: Int, count: Int)
        /// Files of other parts are missing.
        case splitPartsMissing([String])
        /// A part has another number than its name says.
        case splitNumber(found: Int, expected: Int)
        /// A part has another count of parts than the first one.
        case splitCount(found: Int, expected: Int)
        /// The parts together have another number of tensors than they say.
        case splitTensorCount(found: Int, expected: Int)
        /// There are more parts than the format can count.
        case tooManyParts(Int)
        // Writing.
        /// A tensor was written with another number of bytes than it has.
        case tensorByteCount(found: Int, expected: Int)
        /// The file was finished before all tensors were written.
        case tensorsMissing(written: Int, expected: Int)
        /// Bytes were written after the last tensor.
        case noTensorLeft
    }

    /// The place in a file that an error is about.
    public enum Place: Sendable, Equatable {
        /// The file as a whole.
        case file
        /// A byte offset in the file.
        case byte(Int)
        /// A metadata key.
        case key(ByteString)
        /// A tensor, by name.
        case tensor(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The path of the file, or of the part of a split model.
    public let path: String
    /// The place in the file.
    public let place: Place

    init(_ kind: Kind, path: String, place: Place = .file) {
        self.kind = kind
        self.path = path
        self.place = place
    }
}
