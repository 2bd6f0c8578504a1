/// What Python's methods of the same names do, which the harness prepares texts with: all by scalars, since a character of
/// Swift's would hide a space before a combining mark.
extension String {
    /// Without white space at both ends.
    var stripped: String {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.isPythonSpace }),
            let last = scalars.lastIndex(where: { !$0.isPythonSpace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// The text without white space at its end, and that white space.
    var splitAtTrailingSpace: (text: String, space: String) {
        let scalars = unicodeScalars
        guard let last = scalars.lastIndex(where: { !$0.isPythonSpace }) else { return ("", self) }
        let end = scalars.index(after: last)
        return (String(scalars[..<end]), String(scalars[end...]))
    }

    /// The first letter large, all others small.
    var sentenceCased: String {
        guard let first = unicodeScalars.first else { return self }
        return first.properties.titlecaseMapping + String(unicodeScalars.dropFirst()).lowercased()
    }

    func replacingBytes(of pattern: String, with replacement: String) -> String {
        let (text, pattern) = (Array(utf8), Array(pattern.utf8))
        var result: [UInt8] = []
        var position = 0
        while position < text.count {
            if text[position...].starts(with: pattern) {
                result += replacement.utf8
                position += pattern.count
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Without what marks headings and steps in HellaSwag's texts from WikiHow.
    var withoutWikiHowMarks: String {
        stripped.replacingBytes(of: " [title]", with: ". ").withoutBrackets.replacingBytes(of: "  ", with: " ")
    }

    /// Without brackets and what is in them, within a line.
    private var withoutBrackets: String {
        let text = Array(utf8)
        var result: [UInt8] = []
        var position = 0
        // No bracket before this place is closed: it need not be looked for again.
        var unclosedEnd = 0
        while position < text.count {
            if text[position] == UInt8(ascii: "["), position >= unclosedEnd {
                let end = text[position...].firstIndex { $0 == UInt8(ascii: "]") || $0 == UInt8(ascii: "\n") }
                if let end, text[end] == UInt8(ascii: "]") {
                    position = end + 1
                    continue
                }
                unclosedEnd = end ?? text.count
            }
            result.append(text[position])
            position += 1
        }
        return String(decoding: result, as: UTF8.self)
    }
}

extension Unicode.Scalar {
    /// Unicode's white space, and the separators of ASCII.
    fileprivate var isPythonSpace: Bool { properties.isWhitespace || (0x1c...0x1f).contains(value) }
}
