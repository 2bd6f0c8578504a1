import Foundation
import Platform
import TestSupport
import Testing

@Suite struct ChatTests {
    /// A model with ChatML as its own template, but without tokens for it.
    private static let model = Fixtures.path("models/apus-xdan-tiny")

    private static func arguments(_ options: [String]) -> [String] {
        ["chat", model, "--temperature", "0", "--max-new-tokens", "16"] + options
    }

    private func chat(_ options: String..., input: String) async throws -> Swage.Outcome {
        try await Swage.run(Self.arguments(options), standardInput: input)
    }

    /// What the model answers after the given text, on one line or more.
    private func continuation(_ prompt: String) async throws -> String {
        try await Swage.run(
            "generate", Self.model, "--prompt", prompt, "--max-new-tokens", "16", "--stop", "<|im_end|>"
        ).output
    }

    private static func turn(_ role: String, _ text: String) -> String { "<|im_start|>\(role)\n\(text)<|im_end|>\n" }
    private static let opening = "<|im_start|>assistant\n"

    @Test func turnsFromAPipe() async throws {
        let first = Self.turn("system", "Be brief.") + Self.turn("user", "Hello") + Self.opening
        let answer = try await continuation(first)
        let second = first + answer.dropLast() + "<|im_end|>\n" + Self.turn("user", "two\nlines") + Self.opening
        let expected = try await answer + continuation(second)
        let outcome = try await chat("--system", "Be brief.", input: "Hello\n\ntwo\\\nlines")
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        #expect(outcome.output == expected)
    }

    @Test func commands() async throws {
        let hello = Self.turn("user", "Hello") + Self.opening
        let plain = try await continuation(hello)
        let told = try await continuation(Self.turn("system", "Be kind.") + hello)
        let path = try await continuation(Self.turn("user", "/usr/bin") + Self.opening)
        let outcome = try await chat(
            input: """
                Hello
                /reset
                Hello
                /reset
                /system Be kind.
                Hello
                /system
                /reset
                /usr/bin
                /nothing
                /help
                /exit
                Hello
                """)
        #expect(outcome.status == 0)
        #expect(outcome.output == plain + plain + told + path)
        let lines = outcome.error.split(separator: "\n")
        #expect(lines.count == 2)
        #expect(lines[0] == "there is no command /nothing; /help lists them")
        #expect(lines[1].contains("/reset forgets the conversation"))
    }

    @Test func aFullContext() async throws {
        let outcome = try await chat(
            "--context", "128", input: "Hello\n\(String(repeating: "long ", count: 100))\nWho are you?\nGo on\n")
        #expect(outcome.status == 0)
        #expect(outcome.error.contains("swage: \(Self.model): this turn has "))
        #expect(outcome.error.contains("a context of 128 has room for 127 and an answer\n  shorten it, or use"))
        #expect(outcome.error.contains("warning: the context of 128 tokens is full: the oldest turn is left out\n"))
        let alone = Self.turn("user", "Hello") + Self.opening
        #expect(try await outcome.output.hasPrefix(continuation(alone)))
    }

    @Test func ctrlCEndsTheAnswerAlone() async throws {
        // Answers that would go on until the context is full, and say so then.
        let run = try Swage.Run(
            ["chat", Self.model, "--context", "8192", "--ignore-eos", "--seed", "1"], isTalkedTo: true)
        for number in 1...2 {
            let before = run.outputUntilNow.utf8.count
            try run.say("Hello\n")
            guard await run.send(SIGINT, onceOutputExceeds: before + 40) else {
                Issue.record("answer \(number): the program ended: \(try await run.outcome())")
                return
            }
            // What comes after the answer.
            try run.say("/help\n")
            #expect(await run.wait { run.errorUntilNow.split(separator: "\n").count == number })
            #expect(run.outputUntilNow.last == "\n")
        }
        try run.hangUp()
        let outcome = try await run.outcome()
        #expect(outcome.status == 0, "\(outcome.error)")
        #expect(outcome.error.split(separator: "\n").allSatisfy { $0.hasPrefix("Commands: ") }, "\(outcome.error)")
    }

    @Test func ctrlCBetweenAnswersEndsTheProgram() async throws {
        let run = try Swage.Run(Self.arguments([]), isTalkedTo: true)
        try run.say("/help\n")
        #expect(await run.send(SIGINT) { !run.errorUntilNow.isEmpty })
        #expect(try await run.outcome().status == 130)
    }

    @Test func templates() async throws {
        let workspace = try Workspace()
        let file = try workspace.write(
            "template.jinja",
            Array("{{ bos_token }}{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}assistant:".utf8))
        let chatML = try await Swage.run(
            ["chat", Products.checkpoint, "--template", "chatml", "--temperature", "0", "--max-new-tokens", "8"],
            standardInput: "Hello\n")
        let generated = try await Swage.run(
            "generate", Products.checkpoint, "--prompt", Self.turn("user", "Hello") + Self.opening, "--max-new-tokens",
            "8")
        #expect(chatML.status == 0 && chatML.output == generated.output)
        let own = try await Swage.run(
            ["chat", Products.checkpoint, "--template", file, "--temperature", "0", "--max-new-tokens", "8"],
            standardInput: "Hello\n")
        let plain = try await Swage.run(
            "generate", Products.checkpoint, "--prompt", "user: Hello\nassistant:", "--max-new-tokens", "8")
        #expect(own.status == 0 && own.output == plain.output)
    }

    /// Tools and documents reach the template; names and files of templates are written by convert.
    @Test func toolsDocumentsAndNames() async throws {
        let workspace = try Workspace()
        let template = try workspace.write(
            "t.jinja",
            Array(
                "{{ tools[0].function.name }}|{{ documents[0].title }}|{% for m in messages %}{{ m.content }}{% endfor %}"
                    .utf8))
        let tools = try workspace.write("tools.json", Array("[{\"function\": {\"name\": \"f\"}}]".utf8))
        let documents = try workspace.write("documents.json", Array("[{\"title\": \"T\"}]".utf8))
        let options = ["--temperature", "0", "--max-new-tokens", "8"]
        let talked = try await Swage.run(
            ["chat", Products.checkpoint, "--template", template, "--tools", tools, "--documents", documents] + options,
            standardInput: "Hello\n")
        let plain = try await Swage.run(
            "generate", Products.checkpoint, "--prompt", "f|T|Hello", "--max-new-tokens", "8")
        #expect(talked.status == 0 && talked.output == plain.output, "\(talked.error)")
        let refused = try await Swage.run(
            ["chat", Products.checkpoint, "--template", template, "--tools", template] + options, standardInput: "")
        #expect(refused.status == 3 && refused.error.contains("t.jinja"), "\(refused.error)")

        let file = workspace.file("named.gguf")
        try await Swage.run("convert", Products.checkpoint, "-o", file, "--chat-template", "xverse-moe", "--vocab-only")
        let bytes = try Data(contentsOf: URL(filePath: file))
        #expect(bytes.range(of: Data("tokenizer.chat_template".utf8)) != nil)
        #expect(bytes.range(of: Data("'assistant: '".utf8)) != nil)
        let without = workspace.file("without.gguf")
        try await Swage.run("convert", Products.checkpoint, "-o", without, "--chat-template", "none", "--vocab-only")
        #expect(try Data(contentsOf: URL(filePath: without)).range(of: Data("tokenizer.chat_template".utf8)) == nil)
    }

    /// The older form of a template file.
    @Test(arguments: ["chat_template.json", "chat_template.jinja"])
    func templatesOfCheckpoints(name: String) async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        let template = "{% for m in messages %}{{ m.content }}\n{% endfor %}"
        let data = name.hasSuffix("json") ? try JSONEncoder().encode(["chat_template": template]) : Data(template.utf8)
        _ = try workspace.write("checkpoint/\(name)", data)
        let options = ["--temperature", "0", "--max-new-tokens", "8"]
        let expected = try await Swage.run("generate", checkpoint.path, "--prompt", "Hello\n", "--max-new-tokens", "8")
        let outcome = try await Swage.run(["chat", checkpoint.path] + options, standardInput: "Hello\n")
        #expect(outcome.status == 0 && outcome.output == expected.output, "\(outcome.error)")
        // And through a file.
        let file = workspace.file("model.gguf")
        try await Swage.run("convert", checkpoint.path, "-o", file)
        #expect(try await Swage.run(["chat", file] + options, standardInput: "Hello\n").output == expected.output)
    }

    /// A vocabulary with the tokens of ChatML needs no template.
    @Test func tokensOfChatML() async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        for file in ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"] {
            try checkpoint.edit(file) { data in
                let text = String(decoding: data, as: UTF8.self)
                data = Data(
                    text.replacing("<pad>", with: "<|im_start|>").replacing("<|endoftext|>", with: "<|im_end|>").utf8)
            }
        }
        let options = ["--max-new-tokens", "8"]
        let generated = try await Swage.run(
            ["generate", checkpoint.path, "--prompt", Self.turn("user", "Hello") + Self.opening, "--json"] + options)
        let report = try generated.json(GenerationReport.self)
        #expect(report.prompt.prefix(2) == [1, 0] && report.prompt.contains(2))
        let outcome = try await Swage.run(
            ["chat", checkpoint.path, "--temperature", "0"] + options, standardInput: "Hello")
        #expect(outcome.status == 0 && outcome.output == report.text + "\n", "\(outcome.error)")
    }

    private static let requests: [Refusal] = [
        refusal("no template", 2, "it has no chat template", "--template chatml"),
        refusal(
            "none to take", 2, "it has no chat template", "--template FILE", options: ["--template", "checkpoint"]),
        refusal(
            "a missing template", 3, "/none.jinja: cannot open", "check the path",
            options: ["--template", "/none.jinja"]),
        refusal(
            "a context above the model's", 2, "a context of 8193 tokens was asked for", "--context 8192 or less",
            options: ["--template", "chatml", "--context", "8193"]),
        refusal(
            "no answer", 2, "--max-new-tokens must be at least 1", "Usage: swage chat",
            options: ["--max-new-tokens", "0"]),
        refusal(
            "an impossible sampling", 2, "--top-p must be above 0", "Usage: swage chat", options: ["--top-p", "2"]),
        Refusal(
            "a template with an inclusion", status: 3, "bad.jinja: chat template, line 1",
            "\"include\" is not supported"
        ) {
            workspace in
            let file = try workspace.write("bad.jinja", Array("{% include 'x' %}".utf8))
            return ["chat", Products.checkpoint, "--template", file]
        },
        Refusal("a template without system messages", status: 2, "own.jinja: chat template", "no system, please") {
            workspace in
            let file = try workspace.write(
                "own.jinja",
                Array(
                    "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system, please') }}{% endif %}{% endfor %}"
                        .utf8))
            return ["chat", Products.checkpoint, "--template", file, "--system", "Be brief."]
        },
    ]

    private static func refusal(
        _ name: String, _ status: Int32, _ words: String, _ more: String, options: [String] = []
    ) -> Refusal {
        Refusal(name, status: status, words, more) { _ in ["chat", Products.checkpoint] + options }
    }

    @Test(arguments: requests) func refusedRequests(refusal: Refusal) async throws { try await refusal.check() }
}
