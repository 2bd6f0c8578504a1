import Foundation
import TestSupport
import Testing

/// `swage evaluate` on good, wrong and hostile files of questions.
@Suite struct EvaluatingTests {
    private struct Report: Decodable {
        struct Estimate: Decodable {
            let value: Double
            let standardError: Double
        }
        struct Accuracy: Decodable {
            let acc: Estimate
            let acc_norm: Estimate
            let acc_bytes: Estimate
            let cutPrompts: Int
        }
        struct Agreement: Decodable {
            let sameAnswer: Estimate
            let bothRight: Int
            let onlyModelRight: Int
            let onlyReferenceRight: Int
            let bothWrong: Int
        }
        struct Task: Decodable {
            let name: String
            let form: String?
            let questions: Int
            let chance: Double
            let model: Accuracy
            let reference: Accuracy?
            let agreement: Agreement?
        }
        let schema: String
        let tasks: [Task]
        let all: Task?
    }

    private struct Details: Decodable {
        struct Answer: Decodable {
            let prediction: Int
            let logLikelihoods: [Double]
        }
        let task: String
        let line: Int
        let answer: Int
        let model: Answer
        let reference: Answer?
    }

    private static let tasks = ["choices", "prompts", "mmlu", "hellaswag", "winogrande"]
        .map { Fixtures.path("golden/tasks/\($0).jsonl") }

    private static func details(_ path: String) throws -> [Details] {
        try Data(path: path).split(separator: 0x0a).map { try JSONDecoder().decode(Details.self, from: Data($0)) }
    }

    @Test func aTable() async throws {
        let outcome = try await Swage.run(["evaluate", Products.checkpoint, "--limit", "1", "--task"] + Self.tasks)
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten, "\(outcome.error)")
        let lines = outcome.output.split(separator: "\n")
        #expect(lines.count == 8)
        for word in ["acc ", "acc_norm", "acc_bytes", "chance"] { #expect(lines[0].contains(word)) }
        #expect(lines[4].hasPrefix("mmlu") && lines[4].contains("MMLU") && lines[4].hasSuffix("0.2500"))
        #expect(lines[7].hasPrefix("all"))
    }

    @Test func aReportWithReferenceAndDetails() async throws {
        let workspace = try Workspace()
        let details = workspace.file("details.jsonl")
        let outcome = try await Swage.run(
            ["evaluate", try await Products.quantized.value, "--reference", Products.checkpoint, "--json", "--details"]
                + [details, "--task"] + Self.tasks)
        #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten, "\(outcome.error)")
        let report = try outcome.json(Report.self)
        #expect(report.schema == "swage/evaluate/1")
        #expect(report.tasks.map(\.questions) == [7, 2, 3, 2, 2] && report.all?.questions == 16)
        #expect(report.tasks.map(\.form) == ["choices", "prompts", "MMLU", "HellaSwag", "WinoGrande"])
        let lines = try Self.details(details)
        #expect(lines.count == 16)
        let right = lines.count { $0.model.prediction == $0.answer }
        let all = try #require(report.all)
        #expect(abs(all.model.acc.value - Double(right) / 16) < 1e-12)
        let same = lines.count { $0.model.prediction == $0.reference?.prediction }
        let agreement = try #require(all.agreement)
        #expect(abs(agreement.sameAnswer.value - Double(same) / 16) < 1e-12)
        #expect(agreement.bothRight + agreement.onlyModelRight == right)
        #expect(
            agreement.bothRight + agreement.onlyModelRight + agreement.onlyReferenceRight + agreement.bothWrong == 16)
    }

    @Test func threadsChangeNothing() async throws {
        let workspace = try Workspace()
        var results: [[Data]] = []
        for threads in ["1", "2"] {
            let details = workspace.file("details-\(threads)")
            let outcome = try await Swage.run(
                ["evaluate", try await Products.quantized.value, "--json", "--threads", threads, "--details", details]
                    + ["--task"] + Self.tasks)
            #expect(outcome.status == 0, "\(outcome.error)")
            results.append([Data(outcome.output.utf8), try Data(path: details)])
        }
        #expect(results[0] == results[1])
    }

    /// Questions in batches that a small memory has room for give what all together give.
    @Test func littleMemory() async throws {
        let workspace = try Workspace()
        let words = try String(contentsOfFile: Fixtures.path("text/eval/fiction-en.txt"), encoding: .utf8)
            .split { $0.isWhitespace || $0 == "\"" || $0 == "\\" }
        let lines = (0..<300).map { number in
            let prompt = words[(number * 7)..<(number * 7 + 30)].joined(separator: " ")
            return #"{"prompt": "\#(prompt) ", "choices": ["village", "the bird"], "answer": "B"}"#
        }
        let file = try workspace.write("many.jsonl", Array(lines.joined(separator: "\n").utf8))
        var results: [[Details]] = []
        for memory in ["70M", "4G"] {
            let details = workspace.file("details-\(memory)")
            let outcome = try await Swage.run(
                "evaluate", try await Products.tinyBase.value, "--task", file, "--memory", memory, "--threads", "2",
                "--details", details)
            #expect(outcome.status == 0 && outcome.error.isOnlyWhatWasWritten, "\(outcome.error)")
            results.append(try Self.details(details))
        }
        #expect(results[0].count == 300)
        for (little, much) in zip(results[0], results[1]) {
            for (a, b) in zip(little.model.logLikelihoods, much.model.logLikelihoods) { #expect(abs(a - b) < 1e-3) }
        }
    }

    @Test func aChoiceThatIsJoinedToItsPrompt() async throws {
        let workspace = try Workspace()
        let file = try workspace.write(
            "joined.jsonl", Array(#"{"prompt": "It is", "choices": ["red", "blue"], "answer": 0}"#.utf8))
        let outcome = try await Swage.run("evaluate", Products.checkpoint, "--task", file)
        #expect(outcome.status == 0)
        #expect(outcome.error.hasPrefix("warning: \(file): in 1 of 1 questions"))
    }

    private static func file(_ name: String, _ text: String, status: Int32 = 3, _ words: String...) -> Refusal {
        Refusal(name, status: status, words: words) { workspace in
            ["evaluate", Products.checkpoint, "--task", try workspace.write("task.jsonl", Array(text.utf8))]
        }
    }

    private static let good = #"{"prompt": "a ", "choices": ["b", "c"], "answer": 0}"#

    private static let files: [Refusal] = [
        file("an empty file", "", "/task.jsonl: there are no questions in it"),
        file("text", "Hello\n", "/task.jsonl: line 1: not valid JSON: a value expected, found 'H'"),
        file("a cut line", good + "\n" + good.dropLast(3), "/task.jsonl: line 2: the JSON text ends too early"),
        file("no object", "\n\n[\(good)]", "/task.jsonl: line 3: it is no JSON object", "one JSON object per line"),
        file(
            "an unknown form", #"{"q\u001b[31m": "a", "a": 1}"#,
            #"line 1: the keys "q\u{1B}[31m", "a" are those of no"#,
            "WinoGrande (sentence, option1, option2)"),
        file(
            "two forms", good.replacing("\"prompt\"", with: "\"question\": \"x\", \"prompt\""),
            "line 1: the keys fit several forms: choices, MMLU"),
        file("no answer", #"{"prompt": "a", "choices": ["b", "c"]}"#, "line 1: \"answer\" is missing"),
        file("an answer too far", good.replacing(": 0", with: ": 2"), "\"answer\" is 2, not a number from 0 to 1"),
        file("a huge answer", good.replacing(": 0", with: ": 1e400"), "line 1: "),
        file("one choice", #"{"prompt": "a", "choices": ["b"], "answer": 0}"#, "\"choices\" has 1 of at least 2"),
        file("a key twice", #"{"prompt": "a", "prompt": "b"}"#, "line 1: the key \"prompt\" appears twice"),
        file("deep nesting", String(repeating: "[", count: 100_000), "line 1: JSON nested deeper than 128 levels"),
        Refusal("no UTF-8", status: 3, "/task.jsonl: byte 2: the text is not valid UTF-8") { workspace in
            ["evaluate", Products.checkpoint, "--task", try workspace.write("task.jsonl", [0x7b, 0x22, 0xff])]
        },
        Refusal("no compression", status: 3, "/task.jsonl.zst: not a valid Zstandard file") { workspace in
            ["evaluate", Products.checkpoint, "--task", try workspace.write("task.jsonl.zst", Array(good.utf8))]
        },
        Refusal("a missing file", status: 3, "/none.jsonl: cannot open") { workspace in
            ["evaluate", Products.checkpoint, "--task", workspace.file("none.jsonl")]
        },
        file(
            "a choice longer than the context",
            #"{"prompt": "a ", "choices": ["b", "\#(String(repeating: "x ", count: 9000))"], "answer": 0}"#,
            "/task.jsonl: line 1: choice 1 (from 0) has ", "the model's context 8192"),
        Refusal("no file", status: 2, "--task") { _ in ["evaluate", Products.checkpoint] },
        Refusal("no questions wanted", status: 2, "--limit must be at least 1") { _ in
            ["evaluate", Products.checkpoint, "--limit", "0", "--task", tasks[0]]
        },
        Refusal("details over the questions", status: 2, "the output is also an input") { workspace in
            let file = try workspace.write("task.jsonl", Array(good.utf8))
            return ["evaluate", Products.checkpoint, "--details", file, "--task", file]
        },
        Refusal("details nowhere", status: 2, "/none/details.jsonl: cannot write") { workspace in
            ["evaluate", Products.checkpoint, "--details", workspace.file("none/details.jsonl"), "--task", tasks[0]]
        },
    ]

    @Test func aChoiceThatItsPromptTakesIn() async throws {
        let workspace = try Workspace()
        let line = #"{"prompt": "th", "choices": ["x", "e"], "answer": 0}"#
        let outcome = try await Swage.run(
            "evaluate", Products.checkpoint, "--task", try workspace.write("task.jsonl", Array(line.utf8)))
        #expect(outcome.status == 3 && outcome.output.isEmpty)
        #expect(outcome.error.contains("/task.jsonl: line 1: choice 1 (from 0) makes no token"))
    }

    @Test(arguments: files) func refusedFiles(refusal: Refusal) async throws { try await refusal.check() }
}
