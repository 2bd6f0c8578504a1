import ByteJSON
import ChatTemplates
import TestSupport
import Testing

/// Against jinja2 as HuggingFace transformers has it; see Tests/Generators/chat_template_scopes.py.
@Suite struct ScopeTests {
    private let golden: JSON
    private let variables: [String: JSON]

    init() throws {
        golden = try JSON(parsing: Fixtures.decompressed("golden/chat_template_scopes.json.zst"))
        let context = try #require(golden["context"]?.object)
        variables = Dictionary(uniqueKeysWithValues: context.members.map { ($0.key.description, $0.value) })
    }

    /// Names mean what they mean in jinja2, whatever block sets and reads them, and generators make what they make.
    @Test func everyNameMeansWhatItMeansInJinja() throws {
        try Conformance.row("templates/scopes")
        let cases = try #require(golden["cases"]?.array)
        #expect(cases.count > 2000)
        var refused = 0
        for item in cases {
            let parts = try #require(item.array)
            let source = try #require(parts[0].string)
            switch render(source) {
            case .success(let text): #expect(Array(text.utf8) == parts[1].bytes?.bytes, "\(source)")
            case .failure(let error):
                guard parts[1].bytes != nil else { continue }
                refused += 1
                guard case .unsupported = error.kind else {
                    Issue.record("\(source): \(error.description)")
                    continue
                }
            }
        }
        // What Python writes with addresses, in texts where they do not stay.
        #expect(refused < cases.count / 100)
    }

    /// Each of jinja2's filters, tests and functions gives its text, or is refused by its name.
    @Test func everyBuiltinIsThereOrNamed() throws {
        try Conformance.row("templates/builtins")
        let cases = try #require(golden["builtins"]?.array)
        #expect(cases.count > 3000)
        for item in cases {
            let parts = try #require(item.array?.map { $0.string })
            let (kind, name, source) = (try #require(parts[0]), try #require(parts[1]), try #require(parts[2]))
            switch render(source) {
            case .success(let text): #expect(text == parts[3], "\(source)")
            case .failure(let error):
                guard parts[3] != nil else { continue }
                #expect(error.kind == .unsupported("the \(kind) \"\(name)\""), "\(source): \(error.description)")
            }
        }
    }

    private func render(_ source: String) -> Result<String, ChatTemplateError> {
        Result { () throws(ChatTemplateError) in try ChatTemplate(source: source).render(variables) }
    }
}
