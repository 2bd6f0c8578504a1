import Files

/// An error of a text that is not JSON (RFC 8259), or nested deeper than is accepted.
public struct JSONError: DiagnosticError, Equatable {
    /// What is wrong with the text.
    public enum Kind: Sendable, Equatable {
        /// The text ends within a value.
        case unexpectedEnd
        /// A byte is not what the grammar expects at its place.
        case unexpectedByte(UInt8, expected: String)
        /// An object has a key twice.
        case duplicateKey(ByteString)
        /// A number is not written as JSON asks.
        case invalidNumber
        /// An escape in a string is not one of JSON.
        case invalidEscape
        /// A string is not valid UTF-8.
        case invalidUTF8
        /// Arrays and objects are nested deeper than the limit.
        case tooDeep(limit: Int)
    }

    /// What is wrong.
    public let kind: Kind
    /// The byte offset in the text at which it was noticed.
    public let offset: Int
    /// The file that the text is from, if it is known.
    public var file: String?

    /// An error in a JSON text.
    ///
    /// - Parameters:
    ///   - kind: What is wrong.
    ///   - offset: The byte offset in the text.
    ///   - file: The file that the text is from, if it is known.
    public init(kind: Kind, offset: Int, file: String? = nil) {
        self.kind = kind
        self.offset = offset
        self.file = file
    }

    /// The error in words: the file and the byte, what was found and expected, and what to do.
    public var diagnostic: Diagnostic {
        let problem =
            switch kind {
            case .unexpectedEnd: "the JSON text ends too early"
            case .unexpectedByte(let byte, let expected):
                "not valid JSON: \(expected) expected, found \(Self.visible(byte))"
            case .duplicateKey(let key): "the key \"\(key)\" appears twice in one JSON object"
            case .invalidNumber: "not a valid JSON number"
            case .invalidEscape: "not a valid JSON string escape"
            case .invalidUTF8: "a JSON string is not valid UTF-8"
            case .tooDeep(let limit): "JSON nested deeper than \(limit) levels"
            }
        return Diagnostic(
            .input, file: file, place: "byte \(offset)", problem, advice: "download or copy the file again")
    }

    private static func visible(_ byte: UInt8) -> String {
        (0x21...0x7e).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }
}
