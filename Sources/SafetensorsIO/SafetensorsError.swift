import ByteJSON
import Files

/// An error of a safetensors file that is damaged or incomplete, or of a tensor that has no floating-point elements.
public struct SafetensorsError: DiagnosticError, Equatable {
    /// What is wrong, with what was found and what was expected.
    public enum Kind: Sendable, Equatable {
        /// The file is shorter than its header says.
        case truncated(expectedByteCount: Int, foundByteCount: Int)
        /// The header is larger than the format allows.
        case headerTooLarge(byteCount: UInt64, limit: Int)
        /// The header ends behind the end of the file.
        case headerOutsideFile(byteCount: Int, fileByteCount: Int)
        /// The header is not a JSON object.
        case headerNotJSON
        /// A name is there twice.
        case duplicateKey(ByteString)
        /// The value of `__metadata__` is not an object of texts.
        case invalidMetadata
        /// A field of the entry of a tensor is missing or of another form than the format has.
        case invalidEntry(String)
        /// The element type is not one of the format.
        case unknownType(String)
        /// The size of the elements in bytes overflows.
        case shapeTooLarge([Int])
        /// The elements are not a whole number of bytes.
        case partialByte
        /// The offsets span another number of bytes than the shape and the type need.
        case wrongByteCount(found: Int, expected: Int)
        /// The data end behind the end of the file.
        case offsetsOutsideFile(end: Int, fileByteCount: Int)
        /// The data overlap those of another tensor.
        case overlap(with: String)
        /// Bytes before the data belong to no tensor.
        case hole(byteCount: Int)
        /// Bytes after the last tensor belong to none.
        case trailingBytes(Int)
        /// Numbers were asked for, and the tensor has elements of this type.
        case notFloats(SafetensorsType)
        /// Bytes were written behind the last tensor of a file.
        case noTensorLeft
        /// A file was to be finished before all of its tensors were written.
        case tensorsMissing(written: Int, expected: Int)
    }

    /// The part of the file that an error is about.
    public enum Place: Sendable, Equatable {
        /// The file as a whole.
        case file
        /// A byte offset in the file.
        case byte(Int)
        /// A key of `__metadata__`.
        case key(ByteString)
        /// A tensor, by name.
        case tensor(String)
    }

    /// What is wrong.
    public let kind: Kind
    /// The path of the file.
    public let path: String
    /// The part of the file that an error is about.
    public let place: Place
    /// Why the header is not JSON.
    package let underlying: JSONError?

    init(_ kind: Kind, path: String, place: Place = .file, underlying: JSONError? = nil) {
        self.kind = kind
        self.path = path
        self.place = place
        self.underlying = underlying
    }

    /// The error in words: file, place, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let place: String? =
            switch place {
            case .file: nil
            case .byte(let offset): "byte \(offset)"
            case .key(let key): "key \"\(key)\""
            case .tensor(let name): "tensor \"\(name)\""
            }
        let fault: Diagnostic.Fault =
            switch kind {
            case .notFloats: .usage
            case .noTensorLeft, .tensorsMissing: .work
            default: .input
            }
        return Diagnostic(fault, file: path, place: place, problem, advice: advice)
    }

    private var problem: String {
        switch kind {
        case .truncated(let expected, let found):
            "the file ends too early: \(expected) bytes expected, \(found) found"
        case .headerTooLarge(let count, let limit): "a header of \(count) bytes; at most \(limit) are allowed"
        case .headerOutsideFile(let count, let file): "a header of \(count) bytes in a file of \(file)"
        case .headerNotJSON:
            "the header is not a JSON object" + (underlying.map { " (\($0.diagnostic.problem))" } ?? "")
        case .duplicateKey(let key): "\"\(key)\" appears twice in the header"
        case .invalidMetadata: "__metadata__ must hold texts only"
        case .invalidEntry(let member): "\(member) is missing or not of the expected form"
        case .unknownType(let name): "unknown element type \"\(name)\""
        case .shapeTooLarge(let shape): "the byte count of shape \(shape) overflows"
        case .partialByte: "the elements do not fill whole bytes"
        case .wrongByteCount(let found, let expected): "\(found) bytes of data, its shape and type need \(expected)"
        case .offsetsOutsideFile(let end, let count): "the data ends at byte \(end) of a file of \(count)"
        case .overlap(let other): "the data overlaps that of \"\(other)\""
        case .hole(let count): "\(count) bytes before the data belong to no tensor"
        case .trailingBytes(let count): "\(count) bytes after the last tensor"
        case .notFloats(let type):
            "the elements are of type \(type.rawValue); one of F64, F32, F16, BF16 and F8_E4M3 expected"
        case .noTensorLeft: "data after the last tensor that was announced"
        case .tensorsMissing(let written, let expected): "\(written) of \(expected) tensors were written"
        }
    }

    private var advice: Message {
        switch kind {
        case .truncated, .headerOutsideFile, .offsetsOutsideFile, .trailingBytes:
            "download or copy the file again"
        case .headerTooLarge, .headerNotJSON, .duplicateKey, .invalidMetadata, .invalidEntry, .unknownType,
            .shapeTooLarge, .partialByte, .wrongByteCount, .overlap, .hole:
            "the file is damaged or was made by a faulty program; get it again from its source"
        case .notFloats: "read the tensor's bytes"
        case .noTensorLeft, .tensorsMissing: "write the data of each tensor once, in the order that was announced"
        }
    }
}
