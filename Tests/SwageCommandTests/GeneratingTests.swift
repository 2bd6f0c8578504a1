import Foundation
import TestSupport
import Testing

@Suite struct GeneratingTests {
    private static let prompt = "Human: What is 6 times 7?\n\nAssistant:"
    private static let answer = " 10 times 11 is 110."

    private func generate(_ options: String..., input: String? = nil) async throws -> Swage.Outcome {
        try await Swage.run(["generate", try await Products.float32.value] + options, standardInput: input)
    }

    /// The reference's greedy text, from wherever the prompt comes; the end of its last line is no part of it.
    @Test(arguments: ["option", "file", "standard input"]) func prompts(source: String) async throws {
        let workspace = try Workspace()
        let expected = try Reference.load().continuations[0]
        try #require(expected.prompt == Self.prompt)
        let outcome =
            switch source {
            case "option": try await generate("--json", "--prompt", Self.prompt)
            case "file":
                try await generate(
                    "--json", "--file", try workspace.write("prompt.txt", Array((Self.prompt + "\n").utf8)))
            default: try await generate("--json", "--file", "-", input: Self.prompt + "\n")
            }
        #expect(outcome.status == 0 && outcome.error.isEmpty)
        let report = try outcome.json(GenerationReport.self)
        #expect(report.prompt == expected.promptIDs && report.tokens == expected.generatedIDs)
        #expect(report.text == expected.text)
        #expect(report.finish == "length" && report.seed == nil && report.topLogProbabilities == nil)
        #expect(report.logProbabilities.count == 64 && report.logProbabilities.allSatisfy { $0 < 0 })
    }

    @Test(arguments: [
        (["\n\nHuman"], answer), (["never", "0.\n", "Human"], " 10 times 11 is 11"), (["times 11", "10 t"], " "),
    ])
    func stopStringsAcrossTokens(stops: [String], text: String) async throws {
        let options = stops.flatMap { ["--stop", $0] }
        let model = try await Products.float32.value
        let streamed = try await Swage.run(["generate", model, "--prompt", Self.prompt] + options)
        #expect(streamed.status == 0)
        #expect(streamed.output == text + "\n")
        let report = try await Swage.run(["generate", model, "--prompt", Self.prompt, "--json"] + options)
            .json(GenerationReport.self)
        #expect(report.text == text && report.finish == "stop")
        let all = try Reference.load().continuations[0].generatedIDs
        #expect(!report.tokens.isEmpty && report.tokens.count < 64 && all.starts(with: report.tokens))
        #expect(report.logProbabilities.count == report.tokens.count)
    }

    /// What looked like the beginning of a stop string is given out in the end.
    @Test func stopStringsThatDoNotCome() async throws {
        let outcome = try await generate(
            "--prompt", Self.prompt, "--max-new-tokens", "9", "--stop", "110.\n\nRobot", "--stop", "110.!")
        #expect(outcome.output.hasPrefix(Self.answer.prefix(16)))
        #expect(
            outcome.output
                == (try await generate("--prompt", Self.prompt, "--max-new-tokens", "9")).output)
    }

    @Test func theMostProbableTokens() async throws {
        let report = try await generate(
            "--prompt", Self.prompt, "--json", "--top-log-probabilities", "3", "--max-new-tokens", "4"
        ).json(GenerationReport.self)
        let top = try #require(report.topLogProbabilities)
        #expect(top.count == 4 && top.allSatisfy { $0.count == 3 })
        #expect(top.map { $0[0].token } == report.tokens)
        #expect(top.map { $0[0].logProbability } == report.logProbabilities)
        #expect(top.allSatisfy { $0[0].logProbability >= $0[1].logProbability })
    }

    @Test func theSeedDecidesNotTheThreads() async throws {
        let sampling = [
            "--prompt", "从前", "--json", "--temperature", "0.9", "--top-k", "40", "--top-p", "0.95", "--min-p", "0.01",
            "--repetition-penalty", "1.1", "--max-new-tokens", "16",
        ]
        let model = try await Products.quantized.value
        func output(_ options: String...) async throws -> String {
            try await Swage.run(["generate", model] + sampling + options).output
        }
        let first = try await output("--seed", "4", "--threads", "1")
        #expect(try await output("--seed", "4", "--threads", "2") == first)
        #expect(try await output("--seed", "5") != first)
        #expect(first.contains("\"seed\" : 4"))
        // A seed that was not asked for is told, and gives the same text again.
        let drawn = try await output()
        let seed = try #require(try JSONDecoder().decode(GenerationReport.self, from: Data(drawn.utf8)).seed)
        #expect(try await output("--seed", "\(seed)") == drawn)
    }

    @Test func theEndOfTheContext() async throws {
        let outcome = try await generate(
            "--prompt", Self.prompt, "--json", "--context", "20", "--max-new-tokens", "\(Int.max)")
        #expect(outcome.status == 0)
        #expect(outcome.error == "warning: the text ends after 8 tokens: the context of 20 is full\n")
        let report = try outcome.json(GenerationReport.self)
        #expect(report.finish == "context")
        #expect(report.tokens == Array(try Reference.load().continuations[0].generatedIDs.prefix(8)))
        let exact = try await generate("--prompt", Self.prompt, "--json", "--context", "20", "--max-new-tokens", "8")
        #expect(exact.error.isEmpty)
        #expect(try exact.json(GenerationReport.self).finish == "length")
    }

    /// The text that the model ends: with the end token of the vocabulary made one that the greedy text has.
    @Test func theEndOfTheText() async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        try checkpoint.editJSON("tokenizer_config.json") { $0["eos_token"] = nil }
        try checkpoint.editJSON("special_tokens_map.json") { $0["eos_token"] = nil }
        try checkpoint.editJSON("generation_config.json") { $0["eos_token_id"] = 274 }
        try checkpoint.configure("eos_token_id", 274)
        let all = try Reference.load().continuations[0].generatedIDs
        let end = try #require(all.firstIndex(of: 274))
        let arguments = ["generate", checkpoint.path, "--prompt", Self.prompt, "--json"]
        let report = try await Swage.run(arguments).json(GenerationReport.self)
        #expect(report.finish == "end")
        #expect(report.tokens == Array(all[..<end]))
        let ignored = try await Swage.run(arguments + ["--ignore-eos"]).json(GenerationReport.self)
        #expect(ignored.finish == "length" && ignored.tokens.count == 64 && !ignored.tokens.contains(274))
        #expect(ignored.tokens.starts(with: all[..<end]))
    }

    @Test func optionsWithoutEffectAreSaid() async throws {
        let outcome = try await generate("--prompt", "a", "--top-k", "5", "--max-new-tokens", "1")
        #expect(outcome.status == 0)
        #expect(outcome.error.hasPrefix("warning: at --temperature 0, --top-k"))
    }

    private static let requests: [Refusal] = [
        refusal("no prompt", "give one of --prompt and --file"),
        refusal("two prompts", "give one of --prompt and --file", "--prompt", "a", "--file", "-"),
        refusal("a temperature below 0", "--temperature must be from 0", "--prompt", "a", "--temperature=-1"),
        refusal("a temperature that is no number", "--temperature must be", "--prompt", "a", "--temperature", "nan"),
        refusal("a negative k", "--top-k must not be negative", "--prompt", "a", "--top-k=-1"),
        refusal("p of 0", "--top-p must be above 0", "--prompt", "a", "--top-p", "0"),
        refusal("min-p above 1", "--min-p must be from 0 to 1", "--prompt", "a", "--min-p", "1.5"),
        refusal("a penalty of 0", "--repetition-penalty must be above 0", "--prompt", "a", "--repetition-penalty", "0"),
        refusal("an empty stop string", "--stop must not be empty", "--prompt", "a", "--stop", ""),
        refusal("a negative seed", "--seed", "--prompt", "a", "--seed=-1"),
        refusal("top tokens without JSON", "is for --json", "--prompt", "a", "--top-log-probabilities", "3"),
        refusal(
            "a context above the model's", "a context of 8193 tokens was asked for; the model's can be from 2 to 8192",
            "--prompt", "a", "--context", "8193"),
        refusal("no context", "a context of 0 tokens", "--prompt", "a", "--context", "0"),
        refusal(
            "a prompt that fills the context", "has 12 tokens, and a context of 12 has room for 11", "--prompt", prompt,
            "--context", "12"),
        refusal(
            "a prompt longer than the model's context", "tokens, and a context of 8192 has room for 8191", "--file",
            Fixtures.path("text/eval/fiction-en.txt")),
    ]

    private static func refusal(_ name: String, _ words: String, _ options: String...) -> Refusal {
        Refusal(name, status: 2, words) { _ in ["generate", Products.checkpoint] + options }
    }

    @Test(arguments: requests) func refusedRequests(refusal: Refusal) async throws { try await refusal.check() }

    @Test func filesThatCannotBeRead() async throws {
        let workspace = try Workspace()
        let missing = try await generate("--file", workspace.file("none.txt"))
        #expect(missing.status == 3 && missing.error.contains("/none.txt: cannot open"))
        let bad = try workspace.write("bad.txt", [0x61, 0xff])
        let invalid = try await generate("--file", bad)
        #expect(invalid.status == 3 && invalid.error.contains("bad.txt: byte 1: the text is not valid UTF-8"))
    }

    @Test func nothingToBeginWith() async throws {
        let workspace = try Workspace()
        let checkpoint = try workspace.checkpoint()
        for name in ["tokenizer_config.json", "special_tokens_map.json"] {
            try checkpoint.editJSON(name) {
                $0["bos_token"] = nil
                if $0["add_bos_token"] != nil { $0["add_bos_token"] = false }
            }
        }
        try checkpoint.editJSON("generation_config.json") { $0["bos_token_id"] = nil }
        try checkpoint.configure("bos_token_id", nil)
        let outcome = try await Swage.run("generate", checkpoint.path, "--prompt", "")
        #expect(outcome.status == 2, "\(outcome.output)")
        #expect(outcome.error.contains("there is no token to start from") && outcome.error.contains("give a prompt"))
    }
}
