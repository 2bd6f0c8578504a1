import ChatTemplates
import Foundation
import TestSupport
import Testing

/// Templates that cost more than any template may.
@Suite struct LimitTests {
    private static let files = Fixtures.cases(in: "hostile/templates") { path in
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }

    /// Each ends with an error that names what it passes, in a thread with a small stack too.
    @Test(arguments: try files.get()) func endsWithALimit(file: String) async throws {
        try Conformance.row("templates/limits")
        let source = try String(contentsOfFile: Fixtures.path("hostile/templates/" + file), encoding: .utf8)
        let errors = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: Self.error(of: source)) }
            thread.stackSize = 512 << 10
            thread.start()
        }
        // Scopes that hold each other end, and nothing is left of them.
        if file == "deep-scopes.jinja" {
            #expect(errors == nil)
            return
        }
        let error = try #require(errors)
        if file == "raise-escape.jinja" {
            guard case .raised = error.kind else {
                Issue.record("\(error.description)")
                return
            }
            #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 })
        } else {
            guard case .limit = error.kind else {
                Issue.record("\(file): \(error.description)")
                return
            }
            #expect(error.description.contains("template limit"))
        }
    }

    @Test func filesAreThere() throws { #expect(try Self.files.get().count > 15) }

    /// Sources that nest: each is an error, and none needs much stack.
    @Test(arguments: [
        "{{ " + String(repeating: "(", count: 100_000), "{{ " + String(repeating: "-", count: 1000) + "1 }}",
        "{{ a" + String(repeating: "[a", count: 10_000), String(repeating: "{% if true %}", count: 10_000),
        "{{ " + String(repeating: "a if b else ", count: 10_000) + "c }}",
        "{{ a" + String(repeating: ".b", count: 100_000) + " }}",
        "{{ " + String(repeating: "not ", count: 100_000) + "1 }}",
        "{{ a" + String(repeating: " | upper", count: 10_000) + " }}", "{{ " + String(repeating: "[", count: 1000),
        "{{ " + String(repeating: "{1:", count: 1000), "{% set " + String(repeating: "(", count: 1000),
        "{{ range(99999999999) }}", "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}", "{{ 2 ** 64 }}",
        "{{ 'a' * 999999999999 }}", "{{ [1] * 999999999999 }}", "{{ 'a' | center(999999999999) }}",
        "{{ 'a\\nb' | indent(999999999999) }}", "{{ [1] | batch(999999999999, 1) | list }}",
        "{{ [] | tojson(indent=999999999999) }}", String(repeating: "a", count: 1 << 21),
        "{% set x = 'a' * 99999 %}{% set y = x.split('') %}", "{% set x = 'a' * 999999 %}{{ x.replace('', x) }}",
        "{% set x = 'a' * 999999 %}{{ x.replace('a', x) }}", "{{ -9223372036854775807 - 2 }}",
        "{{ 'a'.ljust(999999999999) }}",
    ])
    func nests(source: String) async {
        let error = await withCheckedContinuation { continuation in
            let thread = Thread { continuation.resume(returning: Self.error(of: source)) }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(error != nil, "\(source.prefix(60))")
    }

    /// As deep as sources and runs may be.
    @Test func depthThatIsAllowed() async {
        let sources = [
            "{{ " + String(repeating: "(", count: 90) + "1" + String(repeating: ")", count: 90) + " }}",
            String(repeating: "{% if true %}", count: 90) + "1" + String(repeating: "{% endif %}", count: 90),
            "{% macro f(n) %}{% if n %}{{ f(n - 1) }}{% else %}1{% endif %}{% endmacro %}{{ f(60) }}",
            "{% set n = namespace(x=1) %}{% for i in range(150) %}{% set n.x = [n.x] %}{% endfor %}{{ (n.x | tojson | length) - 300 }}",
        ]
        for source in sources {
            let text = await withCheckedContinuation { continuation in
                let thread = Thread { continuation.resume(returning: try? Self.render(source)) }
                thread.stackSize = 512 << 10
                thread.start()
            }
            #expect(text == "1", "\(source.prefix(60))")
        }
    }

    private static func render(_ source: String) throws(ChatTemplateError) -> String {
        try ChatTemplate(source: source).render(
            messages: [("user", "Hello")], addGenerationPrompt: true, bos: "<s>", eos: "</s>")
    }

    private static func error(of source: String) -> ChatTemplateError? {
        do throws(ChatTemplateError) {
            _ = try render(source)
            return nil
        } catch {
            return error
        }
    }
}
