extension StringProtocol {
    /// The columns that the text takes on a terminal: two for the characters of East Asian scripts and for emoji, none for
    /// marks that stand over others, one for all else (Unicode Standard Annex 11; one line without control characters).
    package var displayWidth: Int { reduce(0) { $0 + $1.displayWidth } }

    /// As much of the beginning as fits `width` columns, with an ellipsis in place of what does not.
    package func truncated(toWidth width: Int) -> String {
        guard displayWidth > width else { return String(self) }
        var (text, rest) = ("", width - 1)
        for character in self {
            rest -= character.displayWidth
            guard rest >= 0 else { break }
            text.append(character)
        }
        return width > 0 ? text + "…" : ""
    }
}

extension Character {
    fileprivate var displayWidth: Int {
        unicodeScalars.reduce(0) { width, scalar in
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format: width
            default: max(width, scalar.isWide ? 2 : 1)
            }
        }
    }
}

extension Unicode.Scalar {
    /// Whether the character is Wide or Fullwidth.
    fileprivate var isWide: Bool {
        switch value {
        case ..<0x1100: false
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
            0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFF60,
            0xFFE0...0xFFE6, 0x16FE0...0x18DFF, 0x1AFF0...0x1B2FF, 0x20000...0x3FFFD:
            true
        default: properties.isEmojiPresentation
        }
    }
}
