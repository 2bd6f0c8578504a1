/// Text kept as its UTF-8 bytes, compared byte by byte.
///
/// `String` equality is canonical equivalence: "é" equals "e" + U+0301. Vocabularies, merges and keys must tell them
/// apart, and token pieces need not be valid UTF-8 at all.
public struct ByteString: Sendable, Hashable, Comparable, ExpressibleByStringLiteral, CustomStringConvertible {
    public var bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }
    public init(_ string: String) { bytes = Array(string.utf8) }
    public init(stringLiteral value: String) { self.init(value) }

    public var count: Int { bytes.count }
    public var isEmpty: Bool { bytes.isEmpty }

    /// The text, if the bytes are valid UTF-8.
    public var string: String? { String(validating: bytes, as: UTF8.self) }

    /// The number of bytes before the first that is not UTF-8.
    public var validPrefixLength: Int {
        var decoder = Unicode.UTF8.ForwardParser()
        var input = bytes.makeIterator()
        var length = 0
        while case .valid(let scalar) = decoder.parseScalar(from: &input) { length += scalar.count }
        return length
    }

    /// The text, with U+FFFD for what is not UTF-8.
    public var description: String { String(decoding: bytes, as: UTF8.self) }

    public static func < (a: ByteString, b: ByteString) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}
