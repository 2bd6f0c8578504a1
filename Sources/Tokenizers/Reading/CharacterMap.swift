/// SentencePiece's compiled table of replacements: a double array over the bytes of what is replaced, then the
/// replacements, each ended by a zero byte.
///
/// Entries of the array are 32 bits: 31 marks a value, 10 to 30 are the offset of the children, 9 scales it by 256, 8
/// says that a value is among them, 0 to 7 are the byte that leads here.
struct CharacterMap: Sendable {
    private let units: [UInt32]
    private let replacements: [UInt8]

    /// Longer replacements than any normal form has would make a small text a large one.
    private static let replacementLimit = 1 << 10
    /// A damaged array can lead in a circle.
    private static let keyLimit = 1 << 8

    /// - Throws: `TokenizationError` if the lengths do not fit, or a replacement is longer than 1024 bytes.
    init(_ bytes: [UInt8]) throws(TokenizationError) {
        func word(_ offset: Int) -> UInt32 { (0..<4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) } }
        guard bytes.count > 4, case let size = Int(word(0)), size % 4 == 0, size < bytes.count - 4 else {
            throw TokenizationError(
                .malformed(key: "precompiled_charsmap", expected: "an array of the length that it begins with"))
        }
        units = stride(from: 4, to: 4 + size, by: 4).map(word)
        replacements = Array(bytes[(4 + size)...])
        var length = 0
        for byte in replacements {
            length = byte == 0 ? 0 : length + 1
            guard length <= Self.replacementLimit else {
                throw TokenizationError(
                    .malformed(
                        key: "precompiled_charsmap", expected: "replacements of at most \(Self.replacementLimit) bytes")
                )
            }
        }
    }

    /// The longest beginning of `text[start...]` that is replaced, and its replacement.
    func longestMatch(
        in text: UnsafeBufferPointer<UInt8>, at start: Int
    ) -> (length: Int, replacement: ArraySlice<UInt8>)? {
        guard let root = units.first else { return nil }
        var node = Self.offset(of: root)
        var match: (length: Int, value: Int)?
        for position in start..<min(text.count, start + Self.keyLimit) {
            let byte = UInt32(text[position])
            node ^= byte
            guard byte != 0, let unit = unit(node), unit & 0x8000_00ff == byte else { break }
            node ^= Self.offset(of: unit)
            if unit & 0x100 != 0, let value = self.unit(node) {
                match = (position - start + 1, Int(value & 0x7fff_ffff))
            }
        }
        guard let match, match.value < replacements.count,
            let end = replacements[match.value...].firstIndex(of: 0)
        else { return nil }
        return (match.length, replacements[match.value..<end])
    }

    private func unit(_ index: UInt32) -> UInt32? { index < units.count ? units[Int(index)] : nil }

    private static func offset(of unit: UInt32) -> UInt32 { (unit >> 10) << ((unit & 0x200) >> 6) }
}
