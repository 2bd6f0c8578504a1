import ChatTemplates
import Files
import Foundation
import GGUF
import Models
import Parallelism
import Pipelines
import Synchronization
import TestSupport
import Testing

/// What a converted file says of conversations if the checkpoint says nothing; see Tests/Generators/xverse_chat_golden.py.
@Suite struct FamilyTemplateTests {
    private struct Case: Decodable {
        struct Message: Decodable {
            let role: String
            let content: String
        }

        let format: String
        let messages: [Message]
        let text: String
    }

    private static func cases() throws -> [Case] {
        try JSONDecoder().decode(
            [Case].self, from: Data(contentsOf: URL(filePath: Fixtures.path("golden/xverse_chat.json"))))
    }

    /// What `convert` says of conversations for a model in a folder of that name, and its warnings.
    private func template(
        of model: String, in folder: String, own: String? = nil, choice: Conversion.TemplateChoice? = nil
    ) throws -> (text: String?, warnings: [String]) {
        try RandomModel.named(model).withCheckpoint { path, output in
            let named = URL(filePath: path).deletingLastPathComponent().path + "/" + folder
            try FileManager.default.createDirectory(
                at: URL(filePath: named).deletingLastPathComponent(), withIntermediateDirectories: true)
            try FileManager.default.moveItem(atPath: path, toPath: named)
            try own.map { try Data($0.utf8).write(to: URL(filePath: named + "/chat_template.jinja")) }
            let warnings = Mutex<[String]>([])
            var conversion = Conversion(parallel: Parallel())
            conversion.chatTemplate = choice
            let metadata = try conversion.metadata(of: Model.open(named)) { event in
                if case .warning(let text) = event { warnings.withLock { $0.append(text.description) } }
            }
            return (metadata.string("tokenizer.chat_template"), warnings.withLock { $0 })
        }
    }

    /// A model's class and what its folder is called: the format that the file gets.
    @Test(
        arguments: [
            ("xverse-moe-10-experts", "XVERSE-MoE-A4.2B-Chat", "xverse-moe"),
            ("xverse-moe-a36b", "XVERSE-MoE-A36B-Chat", "xverse-moe"),
            ("xverse-moe-no-shared", "models--xverse--XVERSE-MoE-A4.2B-Chat/snapshots/0123abcd", "xverse-moe"),
            ("xverse-dense", "XVERSE-13B-Chat", "xverse"), ("xverse-dense", "my-chat", "xverse"),
            ("xverse-dense-tied", "xverse_7b_chat", "xverse"),
            ("xverse-dense-gqa-2", "models--xverse--XVERSE-65B-Chat/snapshots/0123abcd", "xverse"),
            ("xverse-moe-10-experts", "XVERSE-MoE-A4.2B", nil), ("xverse-dense", "XVERSE-13B", nil),
            ("xverse-dense", "chatty", nil), ("llama-linear", "Llama-2-7b-chat", nil),
            ("mixtral-1-expert", "Mixtral-8x7B-Instruct", nil),
        ] as [(String, String, String?)])
    func chatModelsGetTheirFamilysFormat(model: String, folder: String, format: String?) throws {
        try Conformance.row("templates/family")
        let found = try template(of: model, in: folder)
        guard let format else {
            #expect(found.text == nil && found.warnings.isEmpty)
            return
        }
        #expect(found.warnings.count == 1)
        #expect(found.warnings.first?.contains("the file gets the format \"\(format)\"") == true)
        let template = try ChatTemplate(source: #require(found.text))
        let cases = try Self.cases().filter { $0.format == format }
        #expect(cases.count >= 3)
        for conversation in cases {
            let text = try template.render(
                messages: conversation.messages.map { ($0.role, $0.content) }, addGenerationPrompt: true, bos: "<s>",
                eos: "</s>")
            #expect(text == conversation.text)
        }
    }

    @Test func whatTheCheckpointOrTheUserSaysGoesBefore() throws {
        try Conformance.row("templates/family")
        let (model, folder) = ("xverse-moe-10-experts", "XVERSE-MoE-A4.2B-Chat")
        let own = try template(of: model, in: folder, own: "{{ messages[0].content }}")
        #expect(own.text == "{{ messages[0].content }}" && own.warnings.isEmpty)
        let none = try template(of: model, in: folder, choice: .init("none"))
        #expect(none.text == nil && none.warnings.isEmpty)
        let given = try template(of: model, in: folder, choice: .init("chatml"))
        #expect(given.text?.contains("<|im_start|>") == true && given.warnings.isEmpty)
    }
}
