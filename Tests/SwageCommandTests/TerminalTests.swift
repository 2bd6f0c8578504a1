import Foundation
import TestSupport
import Testing

/// What strangers put into files reaches neither a terminal nor a page as anything but text.
@Suite struct TerminalTests {
    /// Sets a title and a colour, and begins a line of its own.
    private static let attack = "\u{1B}]0;PWN\u{7}\u{1B}[31mRED\r\n"
    private static let shown = #"\u{1B}]0;PWN\u{07}\u{1B}[31mRED\r\n"#

    /// A command that shows a text of a file.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let status: Int32
        /// All of them appear in what is printed.
        let words: [String]
        let arguments: @Sendable (Workspace) async throws -> [String]

        var testDescription: String { name }

        init(
            _ name: String, status: Int32 = 0, _ words: String...,
            arguments: @escaping @Sendable (Workspace) async throws -> [String]
        ) {
            (self.name, self.status, self.words, self.arguments) = (name, status, words, arguments)
        }
    }

    private static func hostile(_ name: String) -> String { Fixtures.path("hostile/terminal/" + name) }

    private static let cases: [Case] = [
        Case("metadata", "k" + shown + "  string", "\"" + shown + "\"", #""v\u{202E}\u{9B}31m""#) { _ in
            ["inspect", hostile("metadata.gguf")]
        },
        Case("tensor-names", "\na" + shown + "      4  F32") { _ in
            ["inspect", "--tensors", hostile("tensor-name.gguf")]
        },
        Case("config-values", status: 3, "config.json: ", shown) { workspace in
            let checkpoint = try workspace.checkpoint()
            try checkpoint.replace("config.json", with: Data(path: hostile("config.json")))
            return ["convert", checkpoint.path, "-o", workspace.file("out.gguf")]
        },
        Case("score-files", "\n" + shown + "  6203") { _ in
            ["perplexity", "--merge-scores", hostile("scores.jsonl")]
        },
        Case("importance", #" of \u{1B}[31mx\nwarning:"#, #"blk\u{1B}[3m_gate_exps__.weight  "#) { workspace in
            var data = try Data(path: try await Products.importance.value)
            let name = Data("conversation-en".utf8)
            data.replaceSubrange(try #require(data.range(of: name)), with: Data("\u{1B}[31mx\nwarning:".utf8))
            let tensor = Data("blk.0.ffn_gate_exps".utf8)
            while let place = data.range(of: tensor) {
                data.replaceSubrange(place, with: Data("blk\u{1B}[3m_gate_exps".padded(to: tensor.count).utf8))
            }
            return ["imatrix", "--show", try workspace.write("importance.gguf", data)]
        },
        Case("templates", status: 2, #"\u{1B}[31mred\u{1B}]0;title\u{07}"#) { _ in
            [
                "chat", try await Products.quantized.value, "--template",
                Fixtures.path("hostile/templates/raise-escape.jinja"),
            ]
        },
        Case("recipes", #"  why\u{202E}\u{9B}31m"#) { workspace in
            [
                "quantize", try await Products.original.value, "--dry-run", "--recipe",
                try workspace.write("recipe.json", Self.recipe.utf8),
            ]
        },
        Case("file-names", status: 3, #"/no\u{1B}[31m\nswage: such\u{202E}.gguf: cannot open: "#) { workspace in
            ["inspect", workspace.file("no\u{1B}[31m\nswage: such\u{202E}.gguf")]
        },
        Case("questions", status: 3, #"\u{1B}[31m\n"#, #"\u{9B}"#) { workspace in
            let task = try workspace.write("task.jsonl", Array(#"{"\u001b[31m\n": 1, "a\#u{9B}": 2}"#.utf8))
            return ["evaluate", try await Products.quantized.value, "--task", task]
        },
        Case("task-names", "\n" + #"q\u{1B}[31m\u{202E}|  choices "#) { workspace in
            let task = try workspace.write(
                "q\u{1B}[31m\u{202E}|.jsonl", Array(#"{"prompt": "a", "choices": ["b", "c"], "answer": 0}"#.utf8))
            return ["evaluate", try await Products.tinyModel.value, "--task", task]
        },
        Case("names-of-parts", #"/s\u{1B}[31m\n-00001-of-00002.gguf"#) { workspace in
            let output = workspace.file("s\u{1B}[31m\n")
            return ["split", try await Products.tinyModel.value, "--max-tensors", "12", "-o", output]
        },
        Case("arguments", status: 2, #"inspekt\u{1B}[31m\u{2066}"#) { _ in ["inspekt\u{1B}[31m\u{2066}"] },
        Case("metadata-files", status: 3, #"general.\u{1B}[31m\u{2066}"#) { workspace in
            let metadata = try workspace.write("m.json", Array(#"{"general.\u001b[31m\u2066": [1, "a"]}"#.utf8))
            return [
                "convert", try await Products.original.value, "-o", workspace.file("out.gguf"), "--metadata", metadata,
            ]
        },
    ]

    private static let recipe = #"""
        {"version": 1, "name": "r", "fileType": 15, "base": "Q8_0", "importanceRequired": [],
         "rules": [{"pattern": "\#u{2066}|.*", "type": "Q8_0", "reason": "why\#u{202E}\u009b31m"}]}
        """#

    @Test(arguments: cases) func isShownEscaped(shown: Case) async throws {
        try Conformance.row("terminal/texts-of-files")
        let workspace = try Workspace()
        let outcome = try await Swage.run(try await shown.arguments(workspace), standardInput: "Hello\n")
        #expect(outcome.status == shown.status, "\(outcome.error)")
        for word in shown.words { #expect((outcome.output + outcome.error).contains(word), "\(outcome)") }
        Self.expectHarmless(outcome)
    }

    private static func expectHarmless(_ outcome: Swage.Outcome, sourceLocation: SourceLocation = #_sourceLocation) {
        for scalar in (outcome.output + outcome.error).unicodeScalars where scalar != "\n" {
            #expect(
                ![.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory),
                "U+\(String(scalar.value, radix: 16))", sourceLocation: sourceLocation)
        }
    }

    @Test func jsonHasTheTextsThemselves() async throws {
        try Conformance.row("terminal/json")
        struct Report: Decodable { let metadata: [String: String] }
        let outcome = try await Swage.run("inspect", "--json", Self.hostile("metadata.gguf"))
        Self.expectHarmless(outcome)
        let metadata = try outcome.json(Report.self).metadata
        #expect(metadata["general.name"] == Self.attack)
        #expect(metadata["k" + Self.attack] == "v\u{202E}\u{9B}31m")
        let workspace = try Workspace()
        let recipe = try workspace.write("recipe.json", Self.recipe.utf8)
        let printed = try await Swage.run("quantize", "model", "--print-recipe", "--recipe", recipe)
        Self.expectHarmless(printed)
        let again = try workspace.write("again.json", printed.output.utf8)
        #expect(printed.output.contains(#""pattern": "\u2066|.*", "type": "Q8_0", "reason": "why\u202e\u009b31m""#))
        #expect(try await Swage.run("quantize", "model", "--print-recipe", "--recipe", again).output == printed.output)
    }

    /// Data for a pipe, escaped for a terminal: what tokens decode to, and what a model writes.
    @Test func textOfModelsIsEscapedForTerminalsAlone() async throws {
        try Conformance.row("terminal/model-texts")
        struct Encoding: Decodable { let ids: [Int] }
        let text = "\u{1B}[31m模\tx\n\u{9B}1m"
        let model = Products.checkpoint
        let ids = try await Swage.run("tokenize", model, "--text", text, "--json").json(Encoding.self).ids
        let decode = ["tokenize", model, "--decode", ids.map(String.init).joined(separator: ",")]
        #expect(try await Swage.run(decode).output == text + "\n")
        let terminal = try Pseudoterminal()
        _ = try await Swage.run(decode, standardOutput: terminal.path)
        #expect(terminal.text() == "\\u{1B}[31m模\tx\n\\u{9B}1m\n")

        // All tokens are about as probable, and most of them bytes.
        let generate = [
            "generate", try await Products.tinyModel.value, "--prompt", "a", "--temperature", "1000", "--seed", "7",
            "--max-new-tokens", "40",
        ]
        let raw = try await Swage.run(generate).output
        try #require(raw.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
        let chat = ["chat"] + generate[1...1] + generate[4...] + ["--template", "chatml"]
        let talked = try await Swage.run(chat, standardInput: "a\n").output
        try #require(talked.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" && $0 != "\t" })
        for (arguments, plain) in [(generate, raw), (chat, talked)] {
            _ = try await Swage.run(arguments, standardInput: "a\n", standardOutput: terminal.path)
            let shown = terminal.text()
            #expect(shown == Self.escaped(plain))
        }
    }

    /// By the page's own table, for the characters that byte tokens make.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\n", "\t": String(scalar)
            case "\r": "\\r"
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) || scalar.value == 0xAD:
                "\\u{" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16, uppercase: true) + "}"
            default: String(scalar)
            }
        }.joined()
    }

    /// The line of progress goes to a terminal only.
    @Test func progressIsEscaped() async throws {
        let workspace = try Workspace()
        let terminal = try Pseudoterminal()
        let outcome = try await Swage.run(
            ["convert", try await Products.tinyModel.value, "-o", workspace.file("o\u{1B}[31m\u{9B}\n.gguf")],
            standardError: terminal.path)
        #expect(outcome.status == 0)
        #expect(outcome.output.contains(#"/o\u{1B}[31m\u{9B}\n.gguf: "#))
        let lines = terminal.text().split(separator: "\r\u{1B}[K")
        #expect(lines.contains { $0.contains(#"writing o\u{1B}[31m\u{9B}\n.gguf"#) }, "\(lines)")
        #expect(
            lines.allSatisfy { !$0.unicodeScalars.contains { $0 != "\n" && $0.value < 0x20 || $0.value == 0x9B } },
            "\(lines)")
    }

    /// What a command prints goes through the streams, which take no text as it is.
    @Test func nothingElseWritesToTheStreams() throws {
        let sources = Fixtures.root.appending(path: "Sources")
        let files = try FileManager.default.subpathsOfDirectory(atPath: sources.path)
            .filter { $0.hasSuffix(".swift") && !$0.hasSuffix("Terminal/StandardStreams.swift") }
        try #require(files.count > 100)
        for file in files {
            let text = try String(contentsOf: sources.appending(path: file), encoding: .utf8)
            let calls = text.replacing("static func print(", with: "")
                .matches(of: /(?:^|[^.\w])(?:debugPrint|print|dump|puts|fputs|fwrite|perror)\(|FileHandle\.standard/)
            #expect(calls.isEmpty && !text.contains("STDOUT_FILENO"), "\(file)")
        }
    }

    @Test func markdownHasNoForeignMarkup() async throws {
        try Conformance.row("terminal/markdown")
        let workspace = try Workspace()
        let model = try await Products.tinyModel.value
        let arguments = [
            "report", "--model", "a|b<script>\n\u{1B}[31m=\(model)", "--model", "[x](u)=\(model)", "--text",
            "# t|\u{202E}=\(Products.tinyText)", "--context", "16", "--chunks", "2",
        ]
        let printed = try await Swage.run(arguments)
        #expect(printed.status == 0, "\(printed.error)")
        Self.expectHarmless(printed)
        let header = try #require(printed.output.split(separator: "\n").first)
        #expect(header.contains(#" a\|b&lt;script&gt;\n\u{1B}\[31m | "#), "\(header)")
        #expect(header.contains(#" \[x\](u) |"#), "\(header)")
        #expect(printed.output.contains(#"| # t\|\u{202E} "#) && printed.output.contains(##"- \# t\|\u{202E}: "##))
        let output = workspace.file("report.md")
        #expect(try await Swage.run(arguments + ["-o", output]).status == 0)
        #expect(try String(contentsOfFile: output, encoding: .utf8) == printed.output)
    }
}

extension String {
    fileprivate func padded(to length: Int) -> String { self + String(repeating: "_", count: length - utf8.count) }
}
