import Foundation
import TestSupport
import Testing

/// The options that say how a checkpoint is read: every command that opens a model has them, or says why not.
@Suite struct CheckpointOptionTests {
    /// A command on a model, and on one to compare with.
    private typealias Command = @Sendable (_ model: String, _ workspace: Workspace) throws -> [String]

    private static let text = Fixtures.path("text/eval/web-en.txt")
    private static let window = ["--context", "32", "--chunks", "1"]
    private static let task = #"{"prompt": "1 + 1 =", "choices": [" 2", " 3"], "answer": 0}"# + "\n"

    /// All that open a model, by name.
    private static let commands: [(name: String, arguments: Command)] = [
        ("convert", { ["convert", $0, "-o", $1.file("out.gguf")] }),
        ("convert --dry-run", { ["convert", $0, "-o", $1.file("out.gguf"), "--dry-run"] }),
        ("quantize", { ["quantize", $0, "-o", $1.file("out.gguf"), "--type", "Q8_0"] }),
        ("quantize --dry-run", { model, _ in ["quantize", model, "--type", "Q8_0", "--dry-run"] }),
        ("imatrix", { ["imatrix", $0, "-o", $1.file("matrix.gguf"), "--text", text] + window }),
        (
            "sensitivity",
            { ["sensitivity", $0, "-o", $1.file("costs.json"), "--context", "32", "--chunks", "2", "--text", text] }
        ),
        ("perplexity", { model, _ in ["perplexity", model, "--text", text] + window }),
        (
            "perplexity --reference",
            { model, _ in ["perplexity", model, "--reference", model, "--text", text] + window }
        ),
        ("evaluate", { ["evaluate", $0, "--task", try $1.write("task.jsonl", Array(task.utf8))] }),
        ("report", { model, _ in ["report", "--model", "a=\(model)", "--text", "b=\(text)"] + window }),
        ("generate", { model, _ in ["generate", model, "--prompt", "a", "--max-new-tokens", "1"] }),
        ("chat", { model, _ in ["chat", model, "--template", "chatml", "--max-new-tokens", "1"] }),
        ("inspect", { model, _ in ["inspect", model] }),
    ]

    private static let names = commands.map(\.name)

    private static func arguments(_ name: String, _ model: String, _ workspace: Workspace) throws -> [String] {
        try #require(commands.first { $0.name == name }).arguments(model, workspace)
    }

    /// A file is as it was made: what contradicts it shows that the command takes the option, and heeds it.
    @Test(arguments: names)
    func contradictionsAreRefused(command: String) async throws {
        let file = try await Products.unpadded.value
        for (option, words) in [
            (["--normalize-experts", "off"], "with that --normalize-experts"),
            (["--pad-experts", "on"], "the experts of a GGUF file are taken as they are, 224 wide"),
            (["--pre-tokenizer", "qwen2"], "the file's pre-tokenizer is \"default\", not \"qwen2\""),
        ] {
            let workspace = try Workspace()
            let arguments = try Self.arguments(command, file, workspace)
            let before = workspace.contents
            let outcome = try await Swage.run(arguments + option, standardInput: "")
            #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome.error)")
            #expect(outcome.error.contains("\(file): ") && outcome.error.contains(words), "\(outcome.error)")
            #expect(outcome.error.contains("the checkpoint"), "what to do: \(outcome.error)")
            #expect(workspace.contents == before)
        }
    }

    /// The same options do no harm where the file agrees, or with the checkpoint.
    @Test(arguments: names.filter { $0 != "sensitivity" })
    func agreementIsTaken(command: String) async throws {
        for model in [Products.checkpoint, try await Products.unpadded.value] {
            let workspace = try Workspace()
            let options = ["--normalize-experts", "on", "--pad-experts", "off"]
            let outcome = try await Swage.run(
                try Self.arguments(command, model, workspace) + options, standardInput: "")
            #expect(outcome.status == 0, "\(outcome.error)")
        }
    }

    /// Weights are compared as they are stored, whatever is computed with them; both models must be as asked for.
    @Test func comparing() async throws {
        let workspace = try Workspace()
        let (checkpoint, on) = (Products.checkpoint, try await Products.unpadded.value)
        let off = workspace.file("off.gguf")
        #expect(try await Swage.run("convert", checkpoint, "-o", off, "--normalize-experts", "off").status == 0)
        #expect(try await Swage.run("compare", checkpoint, on, "--normalize-experts", "on").status == 0)
        #expect(try await Swage.run("compare", checkpoint, off, "--normalize-experts", "off").status == 0)
        for (original, file, option) in [(checkpoint, on, "off"), (checkpoint, off, "on"), (on, off, "off")] {
            let outcome = try await Swage.run("compare", original, file, "--normalize-experts", option)
            #expect(outcome.status == 2 && outcome.error.contains("with that --normalize-experts"))
        }
        for choice in ["on", "off"] {
            let outcome = try await Swage.run("compare", checkpoint, on, "--pad-experts", choice)
            #expect(outcome.status == 2)
            #expect(outcome.error.contains("--pad-experts: experts are compared as they are stored"))
        }
        let outcome = try await Swage.run("compare", on, off, "--pre-tokenizer", "qwen2")
        #expect(outcome.status == 2 && outcome.error.contains("not \"qwen2\""))
    }

    /// Commands that open no model, or no more of it than its tokenizer.
    private static let withoutOption: [Refusal] = ["--normalize-experts", "--pad-experts"].flatMap {
        (option: String) -> [Refusal] in
        [
            Refusal("tokenize \(option)", status: 2, "Unknown option '\(option)'", "swage tokenize") { _ in
                ["tokenize", Products.checkpoint, "--text", "a", option, "on"]
            },
            Refusal("split \(option)", status: 2, "Unknown option '\(option)'", "swage split") { _ in
                ["split", try await Products.original.value, "-o", "{out}", "--max-tensors", "9", option, "on"]
            },
            Refusal("merge \(option)", status: 2, "Unknown option '\(option)'", "swage merge") { _ in
                ["merge", try await Products.original.value, "-o", "{out}", option, "on"]
            },
        ]
    }

    /// Commands that open a model in another mode.
    private static let withoutModel: [Refusal] = [
        ["--normalize-experts", "on"], ["--pad-experts", "off"], ["--pre-tokenizer", "qwen2"],
    ].flatMap { (option: [String]) -> [Refusal] in
        let words = [option[0], "belong to a model"]
        return [
            Refusal("imatrix --merge \(option)", status: 2, words: words) { _ in
                ["imatrix", "--merge", try await Products.importance.value, "-o", "{out}"] + option
            },
            Refusal("imatrix --show \(option)", status: 2, words: words) { _ in
                ["imatrix", "--show", try await Products.importance.value] + option
            },
            Refusal("perplexity --merge-scores \(option)", status: 2, words: words) { _ in
                ["perplexity", "--merge-scores", "a", "b"] + option
            },
        ]
    }

    @Test(arguments: withoutOption + withoutModel) func refusedWithoutAModel(refusal: Refusal) async throws {
        try await refusal.check()
    }

    /// A GGUF that is no model has nothing to be asked for.
    @Test func inspectingOtherFiles() async throws {
        let matrix = try await Products.importance.value
        #expect(try await Swage.run("inspect", matrix).status == 0)
        let outcome = try await Swage.run("inspect", matrix, "--normalize-experts", "on")
        #expect(outcome.status == 3 && outcome.error.contains("this GGUF holds \"imatrix\", not a model"))
    }
}
