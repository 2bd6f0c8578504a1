import Files

/// How byte-level vocabularies spell bytes: as characters that can be seen.
///
/// The printable ones of Latin-1 stand for themselves, the other 68 bytes are U+0100 and on in their order; introduced
/// with GPT-2.
enum ByteAlphabet {
    /// The scalar of each byte.
    static let scalars: [UInt32] = {
        var next: UInt32 = 0x100
        return (0..<256 as Range<UInt32>).map { byte in
            switch byte {
            case 0x21...0x7e, 0xa1...0xac, 0xae...0xff: return byte
            default:
                defer { next += 1 }
                return next
            }
        }
    }()

    private static let bytes: [UInt32: UInt8] = Dictionary(
        uniqueKeysWithValues: zip(scalars, UInt8.min...UInt8.max))

    /// The spelling of one byte.
    static func piece(of byte: UInt8) -> ByteString {
        let scalar = scalars[Int(byte)]
        return ByteString(
            scalar < 0x80 ? [UInt8(scalar)] : [UInt8(0xc0 | scalar >> 6), UInt8(0x80 | scalar & 0x3f)])
    }

    /// The bytes that a piece stands for; nil if it has characters that stand for none.
    static func bytes(of piece: ByteString) -> [UInt8]? {
        guard piece.bytes.withUnsafeBufferPointer(UTF8Sequence.isValid) else { return nil }
        var result: [UInt8] = []
        for (_, scalar) in UTF8Sequence.characters(of: piece.bytes) {
            guard let byte = bytes[scalar] else { return nil }
            result.append(byte)
        }
        return result
    }
}
