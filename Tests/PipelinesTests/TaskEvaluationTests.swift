import ByteJSON
import Evaluation
import Files
import Foundation
import Models
import Pipelines
import Synchronization
import TestSupport
import Testing

/// Log-likelihoods of choices beside PyTorch's; see Tests/Generators/task_golden.py.
@Suite struct TaskEvaluationTests {
    private static func path(_ name: String) -> String { Fixtures.path("golden/tasks/\(name).jsonl") }

    private static func check(_ result: TaskResult, _ name: String) throws {
        let golden = try JSON(contentsOf: Fixtures.path("golden/tasks/expected.json"))
        let expected = try #require(golden[ByteString(name)])
        let questions = try #require(expected["questions"]?.array)
        try #require(result.questions.count == questions.count)
        for (question, expected) in zip(result.questions, questions) {
            let logLikelihoods = expected["logLikelihoods"]?.array?.compactMap(\.double) ?? []
            try #require(question.choices.count == logLikelihoods.count)
            for (choice, logLikelihood) in zip(question.choices, logLikelihoods) {
                #expect(abs(choice.logLikelihood - logLikelihood) < 1e-3, "\(name), line \(question.question.line)")
            }
            #expect(question.choices.map(\.tokenCount) == expected["tokens"]?.array?.compactMap(\.integer))
            #expect(question.question.answer == expected["answer"]?.integer)
        }
        for (key, accuracy) in [
            ("acc", result.accuracy), ("acc_norm", result.characterAccuracy), ("acc_bytes", result.byteAccuracy),
        ] as [(ByteString, MeanWithError)] {
            let figures = expected[key]?.array?.compactMap(\.double) ?? []
            try #require(figures.count == 2)
            #expect(abs(accuracy.mean - figures[0]) < 1e-12 && abs(accuracy.error - figures[1]) < 1e-12, "\(key)")
        }
    }

    @Test func theFormsOfTasks() throws {
        let forms: [TaskForm] = [.choices, .prompts, .mmlu, .hellaSwag, .winoGrande]
        let names = ["choices", "prompts", "mmlu", "hellaswag", "winogrande"]
        let tasks = try names.map { try EvaluationTask(contentsOf: Self.path($0)) }
        #expect(tasks.map(\.form) == forms && tasks.map(\.name) == names)
        let results = try TaskEvaluation().run(Model.open(ReferenceModel.apusXDAN.path), tasks: tasks).model
        for (result, name) in zip(results, names) { try Self.check(result, name) }
        #expect(results.map(\.chance).map { ($0 * 100).rounded() } == [37, 50, 25, 25, 50])
    }

    /// The same model with a context of 48: prompts lose their beginning.
    @Test func promptsLongerThanTheContext() throws {
        try Fixtures.withTemporaryDirectory { directory in
            let original = ReferenceModel.apusXDAN.path
            for name in try FileManager.default.contentsOfDirectory(atPath: original) where name != "config.json" {
                try FileManager.default.createSymbolicLink(
                    atPath: "\(directory)/\(name)", withDestinationPath: "\(original)/\(name)")
            }
            let configuration = try String(contentsOfFile: "\(original)/config.json", encoding: .utf8)
            try configuration.replacing("8192", with: "48")
                .write(toFile: "\(directory)/config.json", atomically: true, encoding: .utf8)
            let warnings = Mutex<[String]>([])
            let compute = Compute {
                if case .warning(let text) = $0 { warnings.withLock { $0.append(text.description) } }
            }
            let result = try TaskEvaluation(compute: compute)
                .run(Model.open(directory), tasks: [EvaluationTask(contentsOf: Self.path("cut"))]).model[0]
            try Self.check(result, "cut")
            #expect(result.cutCount == 2)
            #expect(warnings.withLock { $0 }.count == 1)
            #expect(warnings.withLock { $0[0].contains("cut.jsonl: 2 of 4 choices") && $0[0].contains("48 tokens") })
            let long = "\(directory)/long.jsonl"
            let word = String(repeating: "carpenter ", count: 60)
            try "{\"prompt\": \"a \", \"choices\": [\"b\", \"\(word)\"], \"answer\": 0}\n"
                .write(toFile: long, atomically: true, encoding: .utf8)
            #expect {
                try TaskEvaluation().run(Model.open(directory), tasks: [EvaluationTask(contentsOf: long)])
            } throws: { error in
                guard
                    case .invalidTask(.tooManyTokens(choice: 1, _, limit: 48), line: 1)? =
                        (error as? EvaluationError)?.kind
                else { return false }
                return (error as? EvaluationError)?.file == long
            }
        }
    }

    /// With a model of other tokens as reference.
    @Test func besideAReference() throws {
        let tasks = [try EvaluationTask(contentsOf: Self.path("choices"))]
        let (model, other) = (ReferenceModel.apusXDAN, ReferenceModel.xverseMoE)
        let evaluation = TaskEvaluation()
        let results = try evaluation.run(
            Model.open(model.path), reference: Model.open(other.path), tasks: tasks)
        try Self.check(results.model[0], "choices")
        let reference = try #require(results.reference?[0])
        let agreement = AnswerAgreement(results.model[0], reference: reference)
        let alone = try evaluation.run(Model.open(other.path), tasks: tasks).model[0]
        #expect(alone.questions == reference.questions)
        #expect(agreement.bothRight + agreement.onlyModelRight == 4)
        let count = agreement.bothRight + agreement.onlyModelRight + agreement.onlyReferenceRight + agreement.bothWrong
        #expect(count == 7)
        let difference = Double(agreement.onlyModelRight - agreement.onlyReferenceRight) / 7
        #expect(abs(agreement.difference.mean - difference) < 1e-12)
        #expect(AnswerAgreement(alone, reference: alone).sameAnswer.mean == 1)
    }
}
