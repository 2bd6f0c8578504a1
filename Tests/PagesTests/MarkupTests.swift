import Pages
import Testing

/// Texts that would break a page.
@Suite struct MarkupTests {
    @Test(arguments: [
        ("<script>", "&lt;script&gt;"), ("R&amp;D", "R&amp;amp;D"), (#"" onload="x"#, "&quot; onload=&quot;x"),
        ("it's", "it&#39;s"), ("\u{1B}[31m", #"\u{1B}[31m"#), ("two\nlines", #"two\nlines"#),
        ("\u{202E}", #"\u{202E}"#),
        // One `Character` each, of which the sign itself must be escaped.
        ("\"\u{301}", "&quot;\u{301}"), ("<\u{338}", "&lt;\u{338}"), ("'\u{FE0F}", "&#39;\u{FE0F}"), ("模型", "模型"),
    ])
    func textShowsAsItIs(text: String, markup: String) {
        #expect(Markup(text: text).source == markup)
        let interpolated: Markup = "<b>\(text)</b>"
        #expect(interpolated.source == "<b>\(markup)</b>")
        let nested: Markup = "<p>\(interpolated)</p>"
        #expect(nested.source == "<p><b>\(markup)</b></p>")
    }
}
