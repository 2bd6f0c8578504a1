/// Parts of a Markdown page, in which texts of any origin show as they are.
package enum Markdown {
    /// A list without numbers, one item a line.
    package static func list(_ items: [String]) -> DisplayText {
        DisplayText(safe: items.map { "- " + item($0) }.joined(separator: "\n"))
    }

    /// Text of any origin, in a cell or a paragraph, which brings no markup of its own.
    package static func text(_ text: String) -> DisplayText { DisplayText(safe: inline(text)) }

    /// Text of any origin, in a cell or a paragraph: no control characters, HTML, links, code or borders of cells.
    static func inline(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\\", "|", "`", "*", "[", "]": result += "\\\(scalar)"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result.escapingControls()
    }

    /// Text that begins no heading, list or rule of its own.
    private static func item(_ text: String) -> String {
        let text = inline(text)
        return text.first.map { "#+-=_".contains($0) } ?? false ? "\\" + text : text
    }
}
