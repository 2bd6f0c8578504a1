import Foundation
import TestSupport
import Testing

/// The files that llama-perplexity reads: the same answers as to the same questions as JSON lines.
@Suite struct PublishedTaskTests {
    /// A file of each form, and the same questions as JSON lines.
    struct Pair: Sendable, CustomTestStringConvertible {
        let row: String
        let name: String
        let bytes: [UInt8]
        let lines: String

        var testDescription: String { name }
    }

    private static let hellaSwag = """
        Baking: A woman opens the oven. She
        1
        closes her eyes.
        takes out a warm bread.
        sings to the "moon".
        paints the wall.
        Running: He ties his shoes, and
        3
        flies.
        eats them.
        reads.
        begins to run.

        """

    private static let hellaSwagLines = #"""
        {"ctx": "Baking: A woman opens the oven. She", "endings": ["closes her eyes.", "takes out a warm bread.", "sings to the \"moon\".", "paints the wall."], "label": 1}
        {"ctx": "Running: He ties his shoes, and", "endings": ["flies.", "eats them.", "reads.", "begins to run."], "label": "3"}
        """#

    private static let winoGrande = """
        0,Sarah was a better surgeon than Maria so _ got the easier cases.,Sarah,Maria,2\r
        1,"The cup, said ""Tom"", was on the table until _ fell.",cup,table,1

        """

    private static let winoGrandeLines = #"""
        {"sentence": "Sarah was a better surgeon than Maria so _ got the easier cases.", "option1": "Sarah", "option2": "Maria", "answer": 2}
        {"sentence": "The cup, said \"Tom\", was on the table until _ fell.", "option1": "cup", "option2": "table", "answer": "1"}
        """#

    private static let choiceLines = #"""
        {"prompt": "What is the sky?", "choices": [" blue", " wet", " a loud song"], "answer": 0}
        {"prompt": "Two and two are", "choices": [" five", " four"], "answer": 1}
        """#

    private static let choices = binary([
        ("What is the sky?", ["blue", "wet", "a loud song"], [1, 0, 0]),
        ("Two and two are", ["five", "four"], [0, 1]),
    ])

    /// As llama.cpp's tool reads it: count, places, then text and answers with one and with several right ones.
    private static func binary(_ tasks: [(question: String, answers: [String], labels: [UInt32])]) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] { withUnsafeBytes(of: UInt32(value).littleEndian, Array.init) }
        func text(_ value: String) -> [UInt8] { number(value.utf8.count) + Array(value.utf8) }
        let bodies = tasks.map { task in
            text(task.question) + number(task.answers.count) + task.answers.flatMap(text)
                + task.labels.flatMap { number(Int($0)) } + number(0)
        }
        var start = 4 + 4 * tasks.count
        let places = bodies.map { body in
            defer { start += body.count }
            return start
        }
        return number(tasks.count) + places.flatMap(number) + bodies.joined()
    }

    private static let pairs = [
        Pair(
            row: "evaluating/hellaswag-six-lines", name: "hellaswag_val_full.txt", bytes: Array(hellaSwag.utf8),
            lines: hellaSwagLines),
        Pair(
            row: "evaluating/winogrande-csv", name: "winogrande-debiased-eval.csv", bytes: Array(winoGrande.utf8),
            lines: winoGrandeLines),
        Pair(row: "evaluating/multiple-choice-bin", name: "mmlu-validation.bin", bytes: choices, lines: choiceLines),
    ]

    @Test(arguments: pairs) func answersAreThoseToTheSameJSONLines(pair: Pair) async throws {
        try Conformance.row(pair.row)
        let workspace = try Workspace()
        let published = try workspace.write(pair.name, pair.bytes)
        let lines = try workspace.write("lines.jsonl", pair.lines.utf8)
        let details = workspace.file("details.jsonl")
        let outcome = try await Swage.run(
            "evaluate", Products.checkpoint, "--task", published, lines, "--details", details, "--json")
        try #require(outcome.status == 0, "\(outcome.error)")
        let answers = try String(contentsOfFile: details, encoding: .utf8).split(separator: "\n").map { line in
            try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        }
        try #require(answers.count == 4)
        for (a, b) in zip(answers.prefix(2), answers.suffix(2)) {
            #expect(a["answer"] as? Int == b["answer"] as? Int)
            let figures = try [a, b].map { try #require($0["model"] as? [String: Any]) }
            #expect(figures[0]["logLikelihoods"] as? [Double] == figures[1]["logLikelihoods"] as? [Double])
            #expect(figures[0]["tokens"] as? [Int] == figures[1]["tokens"] as? [Int])
            let texts = try [a, b].map { try #require($0["choices"] as? [[String: Any]]) }
            for key in ["context", "continuation"] {
                #expect(texts[0].map { $0[key] as? String } == texts[1].map { $0[key] as? String })
            }
        }
    }

    /// A damaged file, and what is said about it.
    private static func refusal(_ name: String, _ bytes: [UInt8], _ words: String...) -> Refusal {
        Refusal(name, status: 3, words: ["task.file: "] + words) { workspace in
            try Conformance.row("evaluating/damaged-task-files")
            return ["evaluate", Products.checkpoint, "--task", try workspace.write("task.file", bytes)]
        }
    }

    private static func refusal(_ name: String, _ text: String, _ words: String...) -> Refusal {
        refusal(name, Array(text.utf8), words.joined(separator: " "))
    }

    private static func hostile(at place: Int) -> [UInt8] {
        var bytes = choices
        bytes.replaceSubrange(place..<place + 4, with: [0xff, 0xff, 0xff, 0x7f])
        return bytes
    }

    private static let refusals: [Refusal] = [
        refusal("a line is missing", hellaSwag + "Cooking: He\n0\na\nb\nc\n", "line 13: the question has 5 of 6 lines"),
        refusal("a label out of range", hellaSwag.replacing("\n3\n", with: "\n4\n"), "line 7: \"label\" is \"4\""),
        refusal(
            "an empty ending", hellaSwag.replacing("\nreads.\n", with: "\n\n"), "line 7: choice 2 (from 0) is empty"),
        refusal("fields are missing", winoGrande + "2,A _ b,c,1\n", "line 3: the line has 4 fields, 5 expected"),
        refusal("a mark is open", winoGrande + "2,\"A _ b,c,d,1\n", "line 3: a quotation mark is not closed"),
        refusal("no blank", winoGrande + "2,A b,c,d,1\n", "line 3: \"sentence\" has no _"),
        refusal("an answer out of range", winoGrande + "2,A _ b,c,d,3\n", "line 3: \"answer\" is \"3\""),
        refusal("a binary file that ends early", Array(choices.dropLast(3)), "byte ", "the file ends after"),
        refusal("no binary questions", [0, 0, 0, 0], "there are no questions"),
        refusal("questions without end", [0xff, 0xff, 0xff, 0, 1, 2, 3, 4], "byte 0: 16777215 questions"),
        refusal("a text without end", hostile(at: 12), "byte 12: 2147483647 bytes of text"),
        refusal("answers without end", hostile(at: 32), "byte 32: 2147483647 answers"),
        refusal("no right answer", binary([("a", ["b", "c"], [0, 0])]), "question 1 has not one right answer"),
        refusal("two right answers", binary([("a", ["b", "c"], [1, 1])]), "question 1 has not one right answer"),
        refusal("one answer", binary([("a", ["b"], [1])]), "question 1 has no two answers"),
        refusal("an empty answer", binary([("a", ["b", ""], [1, 0])]), "question 1 has an empty answer"),
    ]

    @Test(arguments: refusals) func damagedFilesAreRefused(refusal: Refusal) async throws { try await refusal.check() }

    @Test(arguments: pairs) func aLimitTakesTheFirstQuestions(pair: Pair) async throws {
        try Conformance.row(pair.row)
        let workspace = try Workspace()
        let outcome = try await Swage.run(
            "evaluate", Products.checkpoint, "--task", try workspace.write(pair.name, pair.bytes), "--limit", "1",
            "--json")
        try #require(outcome.status == 0, "\(outcome.error)")
        let object = try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
        #expect((object["tasks"] as? [[String: Any]])?.first?["questions"] as? Int == 1)
    }
}
