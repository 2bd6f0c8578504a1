/// A model's answers to the questions of a task.
public struct TaskResult: Sendable {
    /// The name of the task in reports.
    public let name: String
    /// How the task asks its questions; nil for several tasks together.
    public let form: TaskForm?
    /// The model's answer to each question, in the task's order.
    public let questions: [QuestionResult]

    /// The share of questions, from 0 to 1, where the right choice has the highest log-likelihood.
    public var accuracy: MeanWithError { share(\.prediction) }
    /// The share of questions where the right choice has the highest log-likelihood per character:
    /// lm-evaluation-harness's `acc_norm`.
    public var characterAccuracy: MeanWithError { share(\.predictionByCharacter) }
    /// The share of questions where the right choice has the highest log-likelihood per byte of its UTF-8:
    /// lm-evaluation-harness's `acc_bytes`.
    public var byteAccuracy: MeanWithError { share(\.predictionByByte) }
    /// The accuracy that guessing has on average, from 0 to 1.
    public var chance: Double { MeanWithError(questions.map { 1 / Double($0.choices.count) }).mean }
    /// The number of candidates whose context was longer than the model's.
    public var cutCount: Int { questions.reduce(0) { $0 + $1.choices.count { $0.cutTokenCount > 0 } } }

    private func share(_ prediction: KeyPath<QuestionResult, Int>) -> MeanWithError {
        MeanWithError(questions.map { $0[keyPath: prediction] == $0.question.answer ? 1 : 0 })
    }

    /// The questions of several tasks as one, each with the same weight.
    public init(name: String, all results: [TaskResult]) {
        self.name = name
        form = nil
        questions = results.flatMap(\.questions)
    }

    init(_ task: EvaluationTask, sequences: [[ChoiceSequences.Candidate]], logLikelihoods: [[Double]]) {
        name = task.name
        form = task.form
        questions = task.questions.indices.map { number in
            QuestionResult(
                question: task.questions[number],
                choices: zip(sequences[number], logLikelihoods[number]).map { candidate, logLikelihood in
                    ChoiceScore(
                        logLikelihood: logLikelihood, tokenCount: candidate.tokens.count,
                        cutTokenCount: candidate.cutCount)
                })
        }
    }
}

/// A model's answer to a question.
public struct QuestionResult: Sendable, Hashable {
    /// The question that was asked.
    public let question: ChoiceQuestion
    /// The score of each of the question's candidates, in their order.
    public let choices: [ChoiceScore]

    /// The index of the choice with the highest log-likelihood; the first of equals.
    public var prediction: Int { best { score, _ in score.logLikelihood } }
    /// The index of the choice with the highest log-likelihood per character; the first of equals.
    public var predictionByCharacter: Int { best { $0.logLikelihood / Double($1.characterCount) } }
    /// The index of the choice with the highest log-likelihood per byte; the first of equals.
    public var predictionByByte: Int { best { $0.logLikelihood / Double($1.byteCount) } }

    private func best(_ score: (ChoiceScore, ChoiceCandidate) -> Double) -> Int {
        let scores = zip(choices, question.candidates).map(score)
        return scores.firstIndex(of: scores.max()!)!
    }
}

/// The log-likelihood that a model gives to a choice.
public struct ChoiceScore: Sendable, Hashable {
    /// The natural logarithm of the probability of all scored tokens of the choice.
    public let logLikelihood: Double
    /// The number of tokens that are scored.
    public let tokenCount: Int
    /// The number of tokens of the context that the model had no room for.
    public let cutTokenCount: Int
}

/// How the answers of two models differ, by the choices of the highest log-likelihood.
public struct AnswerAgreement: Sendable, Hashable {
    /// The share of questions, from 0 to 1, where both choose the same, right or wrong.
    public let sameAnswer: MeanWithError
    /// The model's accuracy less the reference's; the error is that of paired differences.
    public let difference: MeanWithError
    /// The number of questions that both models answer right.
    public let bothRight: Int
    /// The number of questions that the model answers right and the reference wrong.
    public let onlyModelRight: Int
    /// The number of questions that the reference answers right and the model wrong.
    public let onlyReferenceRight: Int
    /// The number of questions that both models answer wrong.
    public let bothWrong: Int

    /// Compares a model's answers with those of a reference to the same questions.
    public init(_ result: TaskResult, reference: TaskResult) {
        precondition(result.questions.map(\.question) == reference.questions.map(\.question))
        let pairs = zip(result.questions, reference.questions)
        sameAnswer = MeanWithError(pairs.map { $0.prediction == $1.prediction ? 1 : 0 })
        let right = pairs.map { ($0.prediction == $0.question.answer, $1.prediction == $1.question.answer) }
        difference = MeanWithError(right.map { ($0 ? 1 : 0) - ($1 ? 1 : 0) })
        bothRight = right.count { $0 && $1 }
        onlyModelRight = right.count { $0 && !$1 }
        onlyReferenceRight = right.count { !$0 && $1 }
        bothWrong = right.count { !$0 && !$1 }
    }
}
