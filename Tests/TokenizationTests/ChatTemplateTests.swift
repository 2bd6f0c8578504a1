import ByteJSON
import TensorCore
import TestSupport
import Testing
import Tokenization

@Suite struct ChatTemplateTests {
    /// Against jinja2; see Tests/Generators/chat_template_golden.py.
    @Test func golden() throws {
        let golden = try JSON(parsing: Fixtures.decompressed("golden/chat_template_golden.json.zst"))
        let cases = try #require(golden["cases"]?.array)
        #expect(cases.count > 200)
        for item in cases {
            let name = item["name"]?.string ?? ""
            let messages = try #require(item["messages"]?.array).map {
                (role: $0["role"]?.string ?? "", content: $0["content"]?.string ?? "")
            }
            let source = try #require(item["template"]?.string)
            do {
                let text = try ChatTemplate(source: source).render(
                    messages: messages, addGenerationPrompt: item["prompt"]?.bool == true, bos: "<s>", eos: "</s>")
                #expect(Array(text.utf8) == item["text"]?.bytes?.bytes, "\(name): \(source)")
            } catch {
                if case .raised(let message) = error.kind {
                    #expect(message == item["raised"]?.string, "\(name)")
                } else {
                    #expect(item["error"] != nil, "\(name): \(source): \(error.diagnostic)")
                }
            }
        }
    }

    @Test(arguments: [
        ("{% macro f() %}{% endmacro %}", "the statement \"macro\"", 1, 1),
        ("a\n b {% include 'x' %}", "the statement \"include\"", 2, 4),
        ("{{ messages | tojson }}", "the filter \"tojson\"", 1, 13),
        ("{{ strftime_now('%d') }}", "the function \"strftime_now\"", 1, 4),
        ("{{ 'a'.title() }}", "the method \"title\"", 1, 7),
        ("{{ 1 is divisibleby(3) }}", "the test \"divisibleby\"", 1, 6),
        ("{{ {'a': 1} }}", "a dictionary", 1, 4),
        ("{{ 1.5 }}", "a number with a fraction", 1, 4),
        ("{{ 1 // 2 }}", "the operator \"//\"", 1, 6),
        ("{{ 1 < 2 < 3 }}", "a chain of comparisons", 1, 10),
        ("{% for a, b in x %}{% endfor %}", "for with several variables", 1, 1),
        ("{% for a in x if a %}{% endfor %}", "for with a condition", 1, 1),
        ("{% set x %}a{% endset %}", "set without a single variable and \"=\"", 1, 8),
        ("{{ messages }}", "writing out a list", 1, 4),
    ])
    func namesWhatIsNotKnown(source: String, construct: String, line: Int, column: Int) throws {
        #expect {
            try render(source)
        } throws: { error in
            let error = error as? ChatTemplateError
            return error?.kind == .unsupported(construct) && error?.line == line && error?.column == column
        }
    }

    @Test(arguments: [
        "{{", "{{ }}", "{% %}", "{% if %}{% endif %}", "{% if true %}", "{% endif %}", "{% for x in y %}", "{{ (1 }}",
        "{{ 'a }}", "{{ a b }}", "{{ a. }}", "{{ a[ }}", "{{ a[] }}", "{#", "{% else %}", "{{ ! }}", "{{ 1 + }}",
        "{% set = 1 %}", "{% if true %}{% endfor %}", "{{ a['x' }}", "{{ not }}", "{{ a[1:2:3:4] }}",
    ])
    func brokenTemplates(source: String) throws {
        #expect {
            try render(source)
        } throws: { error in
            if case .syntax = (error as? ChatTemplateError)?.kind { true } else { false }
        }
    }

    /// Templates that nest or grow without end are errors.
    @Test func hostileTemplates() throws {
        let deep = [
            "{{ " + String(repeating: "(", count: 100_000), "{{ " + String(repeating: "-", count: 1000) + "1 }}",
            "{{ a" + String(repeating: "[a", count: 10_000), String(repeating: "{% if true %}", count: 10_000),
            "{{ " + String(repeating: "a if b else ", count: 10_000) + "c }}",
            "{% set n = namespace(s='aaaaaaaa') %}{% for i in range(99) %}{% set n.s = n.s ~ n.s %}{% endfor %}",
            "{% for i in range(900000) %}{% for j in range(900000) %}{% endfor %}{% endfor %}",
            "{{ 'a'" + String(repeating: " ~ 'a'", count: 100_000) + " }}",
            "{{ a" + String(repeating: ".b", count: 100_000) + " }}", "{{ " + String(repeating: "not ", count: 100_000),
            "{{ range(99999999999) }}", "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}",
        ]
        for source in deep { #expect(throws: ChatTemplateError.self) { try render(source) } }
        // Long ones are no deep ones.
        #expect(try render("{{ 'a'" + String(repeating: " ~ 'a'", count: 200) + " }}").count == 201)
        var random = SeededRandom(seed: 3)
        let parts = [
            "{{", "}}", "{%", "%}", "{#", "#}", "-", "if", "for", "x", "in", "endif", "endfor", "set", "=", "(", ")",
            "[", "]", ":", "'", "|", "trim", "is", "defined", "not", " ", " ", "\n", "messages", "1", ".", "else", "~",
        ]
        for _ in 0..<3000 {
            let source = (0..<Int.random(in: 1...14, using: &random)).map { _ in parts.randomElement(using: &random)! }
            _ = try? render(source.joined())
        }
    }

    private func render(_ source: String) throws -> String {
        try ChatTemplate(source: source).render(
            messages: [("user", "Hello")], addGenerationPrompt: true, bos: "<s>", eos: "</s>")
    }
}
