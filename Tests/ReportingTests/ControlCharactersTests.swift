import Testing
@testable import Reporting

/// Which characters are escaped, and how.
@Suite struct ControlCharactersTests {
    /// All that Unicode calls a control, a format character or a separator of lines or paragraphs, less what
    /// ``drawn`` and ``joiners`` name, and with two code points in the middle of such blocks that nothing has been given.
    @Test func exactlyUnicodesControlAndFormatCharacters() {
        let scalars = (UInt32(0)...0x10FFFF).lazy.compactMap(Unicode.Scalar.init)
        let expected = scalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: true
            case .format: !Self.drawn.contains(scalar.value) && !Self.joiners.contains(scalar.value)
            default: false
            }
        }
        let unassigned = Set(0xE0000...0xE007F).subtracting(expected.map { Int($0.value) }).union([0x2065])
        let escaped = Set(scalars.filter { $0.isShownEscaped }.map { Int($0.value) })
        #expect(escaped.subtracting(expected.map { Int($0.value) }).isSubset(of: unassigned))
        #expect(Set(expected.map { Int($0.value) }).isSubset(of: escaped))
    }

    /// Format characters that a font draws: signs of Arabic, Syriac, Kaithi and Egyptian numbers and groups.
    private static let drawn: Set<UInt32> = Set<UInt32>([0x600...0x605, 0x890...0x891, 0x13430...0x1343F].joined())
        .union([0x6DD, 0x70F, 0x8E2, 0x110BD, 0x110CD])
    private static let joiners: Set<UInt32> = [0x200C, 0x200D]

    static let controls: [(text: String, escaped: String)] = [
        ("\0", #"\u{00}"#), ("\u{7}", #"\u{07}"#), ("\u{1B}[31m", #"\u{1B}[31m"#), ("\u{7F}", #"\u{7F}"#),
        ("\u{80}", #"\u{80}"#), ("\u{85}", #"\u{85}"#), ("\u{9B}31m", #"\u{9B}31m"#), ("\u{9F}", #"\u{9F}"#),
        ("a\rb", #"a\rb"#), ("soft\u{AD}", #"soft\u{AD}"#), ("\u{61C}", #"\u{61C}"#), ("\u{200B}", #"\u{200B}"#),
        ("\u{200E}\u{200F}", #"\u{200E}\u{200F}"#), ("\u{2028}\u{2029}", #"\u{2028}\u{2029}"#),
        ("\u{202A}\u{202E}", #"\u{202A}\u{202E}"#), ("\u{2066}\u{2069}", #"\u{2066}\u{2069}"#),
        ("\u{FEFF}model", #"\u{FEFF}model"#), ("\u{FFF9}", #"\u{FFF9}"#), ("\u{E0041}", #"\u{E0041}"#),
    ]

    /// No character of theirs is changed.
    static let harmless = [
        "", "blk.0.ffn_down_exps.weight", "模型的权重，每一层", "نموذج", "می\u{200C}خواهم", "👩\u{200D}👩\u{200D}👧\u{200D}👦",
        "e\u{301}", "\u{FFFD}", "\u{A0}",
        #"C:\new\u{1B}"#, "─│█ ±×√",
    ]

    @Test(arguments: controls) func isEscapedEverywhere(text: String, escaped: String) {
        #expect(DisplayText(line: text).text == escaped)
        #expect(DisplayText(lines: text).text == escaped)
        #expect(("\(text)" as DisplayText).text == escaped)
        #expect(DisplayText(line: escaped).text == escaped, "what is escaped stays")
        #expect(text.unicodeScalars.contains { $0.isShownEscaped })
    }

    @Test(arguments: harmless) func isShownAsItIs(text: String) {
        #expect(DisplayText(line: text).text.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(DisplayText(lines: text).text.unicodeScalars.elementsEqual(text.unicodeScalars))
        #expect(JSONText.escaping(Array(text.utf8)) == Array(text.utf8))
    }

    @Test func linesAreLayoutOnlyWhereTheyMayBe() {
        let text = "a\tb\r\nswage: done\n"
        #expect(DisplayText(line: text).text == #"a\tb\r\nswage: done\n"#)
        #expect(DisplayText(lines: text).text == "a\tb\\r\nswage: done\n")
        let shown: DisplayText = "file: \(text)\n  \("advice\u{1B}" as DisplayText)"
        #expect(shown.text == "file: a\\tb\\r\\nswage: done\\n\n  advice\u{1B}")
        #expect(([shown, "\u{9B}" as DisplayText].joined(separator: "\n") + "!").text == shown.text + "\n\u{9B}!")
    }
}
