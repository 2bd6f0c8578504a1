import Files

extension JSON {
    /// The value as one JSON text (RFC 8259) that ``init(parsing:)`` reads as the same value, if its strings are UTF-8.
    ///
    /// Strings are written as their bytes, with escapes where JSON demands them; members keep their order. A number beyond all
    /// doubles, which is read as an infinity, is written as one such number.
    ///
    /// - Parameter indentation: The spaces that each level is indented by, with a line for each element and member; nil for
    ///   one line without spaces.
    public func serialized(indentation: Int? = nil) -> [UInt8] {
        var writer = JSONWriter(indentation: indentation)
        writer.append(self, level: 0)
        return writer.text
    }
}

private struct JSONWriter {
    let indentation: Int?
    private(set) var text: [UInt8] = []

    init(indentation: Int?) { self.indentation = indentation }

    mutating func append(_ value: JSON, level: Int) {
        switch value {
        case .null: append("null")
        case .bool(let flag): append(flag ? "true" : "false")
        case .integer(let number): append("\(number)")
        case .number(let number): append(number.isFinite ? "\(number)" : number < 0 ? "-1e999" : "1e999")
        case .string(let bytes): append(bytes)
        case .array(let elements):
            append("[")
            for (position, element) in elements.enumerated() {
                beginItem(position, level: level + 1)
                append(element, level: level + 1)
            }
            end(elements.count, "]", level: level)
        case .object(let object):
            append("{")
            for (position, member) in object.members.enumerated() {
                beginItem(position, level: level + 1)
                append(member.key)
                append(indentation == nil ? ":" : ": ")
                append(member.value, level: level + 1)
            }
            end(object.count, "}", level: level)
        }
    }

    private mutating func append(_ words: String) { text += words.utf8 }

    private mutating func append(_ string: ByteString) {
        append("\"")
        for byte in string.bytes {
            switch byte {
            case UInt8(ascii: "\""): append("\\\"")
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\r"): append("\\r")
            case UInt8(ascii: "\t"): append("\\t")
            case 0..<0x20: append("\\u00" + (byte < 16 ? "0" : "") + String(byte, radix: 16))
            default: text.append(byte)
            }
        }
        append("\"")
    }

    private mutating func beginItem(_ position: Int, level: Int) {
        if position > 0 { append(",") }
        beginLine(level)
    }

    private mutating func end(_ count: Int, _ bracket: String, level: Int) {
        if count > 0 { beginLine(level) }
        append(bracket)
    }

    private mutating func beginLine(_ level: Int) {
        guard let indentation else { return }
        append("\n")
        text += [UInt8](repeating: UInt8(ascii: " "), count: indentation * level)
    }
}
