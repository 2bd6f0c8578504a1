import ByteJSON
import ChatTemplates
import TestSupport
import Testing

/// Against jinja2 as HuggingFace transformers has it; see Tests/Generators/chat_templates_differential.py.
@Suite struct DifferentialTests {
    @Test func everyTemplateIsRenderedAsByJinja() throws {
        try Conformance.row("templates/jinja")
        let golden = try JSON(parsing: Fixtures.decompressed("golden/chat_templates_differential.json.zst"))
        let contexts = try #require(golden["contexts"]?.array).map { context in
            Dictionary(uniqueKeysWithValues: (context.object?.members ?? []).map { ($0.key.description, $0.value) })
        }
        let cases = try #require(golden["cases"]?.array)
        #expect(cases.count > 3000)
        for item in cases {
            let parts = try #require(item.array)
            let source = try #require(parts[0].string)
            let variables = contexts[try #require(parts[1].integer)]
            let text = try? ChatTemplate(source: source).render(
                variables, clock: .fixed(secondsSince1970: 1_785_542_400))
            // Errors are errors there too, whatever they say.
            #expect(text.map { Array($0.utf8) } == parts[2].bytes?.bytes, "\(source)")
        }
    }

    /// What is not known is refused where it is reached, and named.
    @Test(arguments: [
        ("a\n b {% include 'x' %}", "the statement \"include\"", 2, 4),
        ("{% import 'a' as b %}", "the statement \"import\"", 1, 1),
        ("{% block a %}{% endblock %}", "the statement \"block\"", 1, 1),
        ("{% extends 'a' %}", "the statement \"extends\"", 1, 1),
        ("{{ messages | nosuch }}", "the filter \"nosuch\"", 1, 15),
        ("{{ lipsum() }}", "the function \"lipsum\"", 1, 10),
        ("{{ 'a'.translate({}) }}", "the method \"translate\" of strings", 1, 17),
        ("{{ (-8) ** 0.5 }}", "a power that is a complex number", 1, 9),
        ("{{ 1 is nosuch }}", "the test \"nosuch\"", 1, 6), ("{% do x %}", "the statement \"do\"", 1, 1),
    ])
    func namesWhatIsNotKnown(source: String, construct: String, line: Int, column: Int) throws {
        try Conformance.row("templates/unsupported")
        let expected = (ChatTemplateError.Kind.unsupported(construct), line, column)
        do throws(ChatTemplateError) {
            _ = try render(source)
            Issue.record("\(source) was rendered")
        } catch {
            #expect((error.kind, error.line, error.column) == expected)
        }
        guard !source.hasPrefix("{% do") else { return }
        #expect(try render("{% if false %}" + source + "{% endif %}") == "")
    }

    @Test func clocks() throws {
        try Conformance.row("templates/clock")
        let template = try ChatTemplate(source: "{{ strftime_now('%d %B %Y, %H:%M:%S %%') }}")
        let text = try template.render([:], clock: .fixed(secondsSince1970: 1_785_546_061))
        #expect(text == "01 August 2026, 01:01:01 %")
        #expect(throws: ChatTemplateError.self) { try ChatTemplate(source: "{{ strftime_now('%Q') }}").render([:]) }
    }

    private func render(_ source: String) throws(ChatTemplateError) -> String {
        try ChatTemplate(source: source).render(messages: [], addGenerationPrompt: false, bos: "", eos: "")
    }
}
