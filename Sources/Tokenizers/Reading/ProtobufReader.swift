/// Reads the fields of a Protocol Buffers message, of the wire format only what a message can hold today.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed32(UInt32)
        case fixed64(UInt64)
        /// A string, bytes or a message: where it is.
        case bytes(Range<Int>)
    }

    private let bytes: [UInt8]
    private let end: Int
    private var position: Int

    /// - Parameter range: where the message is.
    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field; nil at the end of the message.
    mutating func next() throws(TokenizationError) -> (field: Int, value: Value)? {
        guard position < end else { return nil }
        let start = position
        let tag = try varint()
        guard let field = Int(exactly: tag >> 3), field > 0, field < 1 << 29 else {
            throw damaged(start, "a field")
        }
        switch tag & 7 {
        case 0: return (field, .varint(try varint()))
        case 1: return (field, .fixed64(try fixed(8)))
        case 2:
            guard let count = Int(exactly: try varint()), count <= end - position else {
                throw damaged(start, "a length that does not pass the end")
            }
            position += count
            return (field, .bytes(position - count..<position))
        case 5: return (field, .fixed32(UInt32(truncatingIfNeeded: try fixed(4))))
        default: throw damaged(start, "a known wire type")
        }
    }

    private mutating func varint() throws(TokenizationError) -> UInt64 {
        let start = position
        var value: UInt64 = 0
        for shift in stride(from: 0 as UInt64, to: 70, by: 7) {
            guard position < end else { break }
            let byte = UInt64(bytes[position])
            position += 1
            guard shift < 63 || byte < 2 else { break }
            value |= (byte & 0x7f) << shift
            if byte < 0x80 { return value }
        }
        throw damaged(start, "a number")
    }

    private mutating func fixed(_ count: Int) throws(TokenizationError) -> UInt64 {
        guard count <= end - position else { throw damaged(position, "\(count) bytes") }
        defer { position += count }
        return bytes[position..<position + count].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func damaged(_ offset: Int, _ expected: String) -> TokenizationError {
        TokenizationError(.malformed(key: "byte \(offset)", expected: expected))
    }
}
