import ByteJSON
import ChatTemplates
import Numerics
import TestSupport
import Testing

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

    /// Pieces of templates in any order: an error or a text, and nothing else.
    @Test func piecesInAnyOrder() throws {
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
