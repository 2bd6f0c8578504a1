import Reporting
import Testing

/// Tables of texts that would break them.
@Suite struct TableTests {
    private static func table(_ names: String...) -> Table {
        var table = Table([.init("name\u{1B}|<i>\n"), .init("count", .right)])
        for (index, name) in names.enumerated() { table.append([name, String(-index)]) }
        return table
    }

    @Test func terminalWidthsAreThoseOfEscapedText() {
        #expect(
            Self.table("\u{1B}[31mred\r\n", "a|b\\", "模型", "\u{202E}\t").terminal.text == #"""
                name\u{1B}|<i>\n   count
                ─────────────────  ─────
                \u{1B}[31mred\r\n      0
                a|b\                  -1
                模型                  -2
                \u{202E}\t            -3
                """#)
    }

    /// As GitHub's Markdown reads it, every cell shows the text that was put into it.
    @Test(arguments: [
        ("a|b", #"a\|b"#), (#"a\|b"#, #"a\\\|b"#), (#"end\"#, #"end\\"#), ("<script>", "&lt;script&gt;"),
        ("R&amp;D", "R&amp;amp;D"), ("[x](javascript:1)", #"\[x\](javascript:1)"#), ("![i](u)", #"!\[i\](u)"#),
        ("`c`", #"\`c\`"#), ("**b**", #"\*\*b\*\*"#), ("two\nlines", #"two\nlines"#), ("\r", #"\r"#),
        ("\u{1B}]0;t\u{7}", #"\u{1B}\]0;t\u{07}"#), ("\u{202E}", #"\u{202E}"#), ("Q4_K_M", "Q4_K_M"),
        ("中文 ± 0.1", "中文 ± 0.1"), ("-0.5", "-0.5"),
    ])
    func markdownCells(text: String, cell: String) {
        var table = Table([.init(text), .init("", .right)])
        table.append([text, text])
        let lines = table.markdown.text.split(separator: "\n", omittingEmptySubsequences: false)
        // Characters of Chinese take two columns.
        let columns = cell.unicodeScalars.reduce(0) { $0 + ((0x4E00...0x9FFF).contains($1.value) ? 2 : 1) }
        let width = max(3, columns)
        let fill = String(repeating: " ", count: width - columns)
        #expect(
            lines == [
                "| \(cell)\(fill) | \(String(repeating: " ", count: width)) |",
                "| \(String(repeating: "-", count: width)) | \(String(repeating: "-", count: width - 1)): |",
                "| \(cell)\(fill) | \(fill)\(cell) |",
            ])
    }

    @Test func markdownItems() {
        #expect(
            Markdown.list(["a\n# b", "# c", "--- d", "web-en: 3 bytes", "<b>"]).text == ##"""
                - a\n# b
                - \# c
                - \--- d
                - web-en: 3 bytes
                - &lt;b&gt;
                """##)
    }
}
