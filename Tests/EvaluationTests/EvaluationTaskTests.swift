import Evaluation
import Foundation
import TestSupport
import Testing

/// Files of questions, good and bad ones. Prompts are those of lm-evaluation-harness's `doc_to_text`.
@Suite struct EvaluationTaskTests {
    private static func task(_ lines: [String], name: String = "task.jsonl", limit: Int? = nil) throws -> EvaluationTask
    {
        try Fixtures.withTemporaryDirectory { directory in
            let path = "\(directory)/\(name)"
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            return try EvaluationTask(contentsOf: path, limit: limit)
        }
    }

    private static func question(_ line: String) throws -> ChoiceQuestion { try task([line]).questions[0] }

    @Test func mmlu() throws {
        let question = try Self.question(
            #"{"question": " Why? ", "subject": "high_school_physics", "choices": ["a", "b", "c"], "answer": "C", "x": 1}"#
        )
        #expect(question.answer == 2)
        #expect(question.candidates.map(\.continuation) == [" A", " B", " C"])
        let prompt =
            "The following are multiple choice questions (with answers) about high school physics.\n\nWhy?\n"
            + "A. a\nB. b\nC. c\nAnswer:"
        #expect(question.candidates.allSatisfy { $0.context == prompt && $0.byteCount == 1 })
    }

    @Test func hellaSwag() throws {
        let question = try Self.question(
            #"{"activity_label": "Élan", "ctx_a": "[header] Run [title] Fast  now.", "ctx_b": "then She [open", "#
                + #""ctx": "other", "endings": ["[a [b] c", " d [step] e ", "[x\ny] z"], "label": "1"}"#)
        #expect(question.answer == 1)
        #expect(question.candidates[0].context == "Élan: Run. Fast now. Then she [open")
        #expect(question.candidates.map(\.continuation) == ["  c", " d e", " [x\ny] z"])
        let short = try Self.question(#"{"ctx": "He ", "endings": ["a", "b"], "label": 0}"#)
        #expect(short.candidates[1].context == "He")
    }

    @Test func winoGrande() throws {
        let question = try Self.question(
            #"{"sentence": "The _ is _ old. ", "option1": "cat", "option2": "猫", "answer": 2}"#)
        #expect(question.answer == 1)
        #expect(question.candidates.map(\.context) == ["The cat", "The 猫"])
        #expect(question.candidates.allSatisfy { $0.continuation == " is _ old." && $0.byteCount == 9 })
    }

    @Test func choicesAsTheyAreWritten() throws {
        let question = try Self.question(#"{"prompt": "a ", "choices": ["b\n", " 青"], "answer": 1.0}"#)
        #expect(question.answer == 1 && question.candidates.map(\.continuation) == ["b\n", " 青"])
        #expect(question.candidates.map(\.characterCount) == [2, 2] && question.candidates[1].byteCount == 4)
    }

    @Test func linesAndLimits() throws {
        let line = #"{"prompt": "a", "choices": ["b", "c"], "answer": "B"}"#
        let task = try Self.task(["", line + "\r", "  ", line, "no JSON"], name: "two.lines.jsonl", limit: 2)
        #expect(task.questions.map(\.line) == [2, 4] && task.name == "two" && task.unspacedQuestionCount == 2)
    }

    private static let problems: [(String, TaskProblem)] = [
        ("", .noQuestions),
        ("[1]", .notJSON("it is no JSON object")),
        ("{", .notJSON("the JSON text ends too early at its byte 1")),
        (#"{"text": "a", "answer": 1}"#, .unknownForm(keys: ["text", "answer"])),
        (
            #"{"prompt": null, "choices": ["a", "b"], "answer": 0}"#,
            .unknownForm(keys: ["prompt", "choices", "answer"])
        ),
        (#"{"prompt": "a", "question": "b", "choices": ["c", "d"], "answer": 0}"#, .severalForms([.choices, .mmlu])),
        (#"{"prompt": "a", "choices": "bc", "answer": 0}"#, .wrongValue(key: "choices", expected: "an array of texts")),
        (
            #"{"prompt": "a", "choices": ["b", 1], "answer": 0}"#,
            .wrongValue(key: "choices", expected: "an array of texts")
        ),
        (#"{"prompt": 1, "choices": ["b", "c"], "answer": 0}"#, .wrongValue(key: "prompt", expected: "a text")),
        (#"{"prompt": "a", "choices": ["b"], "answer": 0}"#, .tooFewChoices(key: "choices", count: 1)),
        (#"{"prompt": "a", "choices": ["b", ""], "answer": 0}"#, .emptyChoice(1)),
        (#"{"prompt": "a", "choices": ["b", "c"]}"#, .missing(key: "answer")),
        (
            #"{"prompt": "a", "choices": ["b", "c"], "answer": 2}"#,
            .invalidAnswer(key: "answer", found: "2", expected: "a number from 0 to 1, or a letter from A to B")
        ),
        (
            #"{"prompt": "a", "choices": ["b", "c"], "answer": "1"}"#,
            .invalidAnswer(key: "answer", found: "\"1\"", expected: "a number from 0 to 1, or a letter from A to B")
        ),
        (#"{"prompt": "a", "choices": [" B", " A"], "answer": "A"}"#, .ambiguousAnswer("A", place: 0, text: 1)),
        (#"{"sentence": "a", "option1": "b", "option2": "c", "answer": "1"}"#, .noBlank),
        (
            #"{"ctx": "a", "endings": ["b", "c"], "label": ""}"#,
            .invalidAnswer(key: "label", found: "\"\"", expected: "a number from 0 to 1")
        ),
        (
            #"{"sentence": "a _", "option1": "b", "option2": "c", "answer": "0"}"#,
            .invalidAnswer(key: "answer", found: "\"0\"", expected: "a number from 1 to 2")
        ),
        (#"{"sentence": "a _", "option1": "b", "option2": "c", "answer": "1"}"#, .emptyChoice(0)),
        (
            #"{"question": "a", "choices": [\#(Array(repeating: "\"b\"", count: 27).joined(separator: ","))], "answer": 0}"#,
            .tooManyChoices(27, limit: 26)
        ),
    ]

    @Test(arguments: problems.indices)
    func refusedLines(number: Int) throws {
        let (line, problem) = Self.problems[number]
        #expect {
            try Self.task([line])
        } throws: { error in
            let place = problem == .noQuestions ? nil : 1
            guard let error = error as? EvaluationError, error.kind == .invalidTask(problem, line: place) else {
                Issue.record(error)
                return false
            }
            return error.file?.hasSuffix("task.jsonl") == true
        }
    }

    @Test func linesOfTwoForms() throws {
        #expect {
            try Self.task([
                #"{"prompt": "a", "choices": ["b", "c"], "answer": "B"}"#, "",
                #"{"question": "a", "choices": ["b", "c"], "answer": "B"}"#,
            ])
        } throws: {
            ($0 as? EvaluationError)?.kind == .invalidTask(.otherForm(.mmlu, first: .choices), line: 3)
        }
    }

    /// Brackets that never close do not take the square of their number.
    @Test func manyBrackets() throws {
        let text = String(repeating: "[", count: 1 << 20)
        let question = try Self.question(#"{"ctx": "\#(text)", "endings": ["a", "b"], "label": 0}"#)
        #expect(question.candidates[0].context == text)
    }
}
