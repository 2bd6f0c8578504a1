extension Unicode.Scalar {
    /// Whether the character is shown as an escape: it acts on a terminal or on the text around it, or cannot be seen.
    ///
    /// These are Unicode's control characters (C0, DEL and C1), its line and paragraph separators, and its format
    /// characters, among them the marks, overrides and isolates of bidirectional text, the zero-width space, the byte
    /// order mark and the tags. Left as they are: the joiners U+200C and U+200D, which emoji and the scripts of Persia
    /// and India need, and the format characters that scripts draw.
    var isShownEscaped: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, 0x2028...0x202E, 0x2060...0x206F,
            0xFEFF, 0xFFF9...0xFFFB, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// The character as literals of Swift have it: `\n`, `\r`, `\t`, or its number in at least two hexadecimal digits,
    /// such as `\u{1B}`.
    var escape: String {
        switch self {
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: "\\u{\(value < 16 ? "0" : "")\(String(value, radix: 16, uppercase: true))}"
        }
    }
}

extension String {
    /// The text with escapes for the characters that are shown so, less those that are `kept`.
    func escapingControls(keeping kept: Set<Unicode.Scalar> = []) -> String {
        func isEscaped(_ scalar: Unicode.Scalar) -> Bool { scalar.isShownEscaped && !kept.contains(scalar) }
        guard unicodeScalars.contains(where: isEscaped) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if isEscaped(scalar) { result += scalar.escape } else { result.unicodeScalars.append(scalar) }
        }
        return result
    }
}
