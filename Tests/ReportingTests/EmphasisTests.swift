import Reporting
import Testing

/// Cells that stand out.
@Suite struct EmphasisTests {
    @Test func markdownHasThemBoldAndATerminalAsTheyAre() {
        var table = Table([.init("a"), .init("b", .right)])
        table.append(["x", "1|2"], emphasizing: [1])
        table.append(["y", "3"])
        #expect(
            table.markdown.text == #"""
                | a   |        b |
                | --- | -------: |
                | x   | **1\|2** |
                | y   |        3 |
                """#)
        #expect(
            table.terminal.text == """
                a    b
                ─  ───
                x  1|2
                y    3
                """)
    }
}
