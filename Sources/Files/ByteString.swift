/// Text kept as its UTF-8 bytes, compared byte by byte.
///
/// `String` equality is canonical equivalence: "é" equals "e" + U+0301. Vocabularies, merges and keys must tell them
/// apart, and token pieces need not be valid UTF-8 at all.
public struct ByteString: Sendable, Hashable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    /// The bytes of the text, which need not be valid UTF-8.
    public var bytes: [UInt8]

    /// Makes a text of bytes, whatever they are.
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    /// Makes a text of the bytes of a sequence, whatever they are.
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    /// Makes a text of the UTF-8 bytes of a string, without normalizing it.
    public init(_ string: String) { bytes = Array(string.utf8) }
    /// Makes a text of the UTF-8 bytes of a literal.
    public init(stringLiteral value: String) { self.init(value) }

    /// The number of bytes, not of characters.
    public var count: Int { bytes.count }
    /// Whether the text has no bytes.
    public var isEmpty: Bool { bytes.isEmpty }

    /// The text, if the bytes are valid UTF-8.
    public var string: String? { String(validating: bytes, as: UTF8.self) }

    /// The number of bytes before the first that does not belong to valid UTF-8; all of them if the text is valid.
    public var validPrefixLength: Int {
        var decoder = Unicode.UTF8.ForwardParser()
        var input = bytes.makeIterator()
        var length = 0
        while case .valid(let scalar) = decoder.parseScalar(from: &input) { length += scalar.count }
        return length
    }

    /// The text, with U+FFFD for what is not UTF-8.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    /// Orders texts by their bytes, which for valid UTF-8 is the order of their scalars.
    public static func < (a: ByteString, b: ByteString) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
