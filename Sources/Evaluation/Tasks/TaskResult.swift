/// How a model answers the questions of a task.
public struct TaskResult: Sendable {
    public let name: String
    /// None of several tasks together.
    public let form: TaskForm?
    public let questions: [QuestionResult]

    /// Share of questions where the right choice has the highest log-likelihood.
    public var accuracy: MeanWithError { share(\.prediction) }
    /// The same by the log-likelihood per character of the choice: lm-evaluation-harness's `acc_norm`.
    public var characterAccuracy: MeanWithError { share(\.predictionByCharacter) }
    /// The same by the log-likelihood per byte of the choice's UTF-8: lm-evaluation-harness's `acc_bytes`.
    public var byteAccuracy: MeanWithError { share(\.predictionByByte) }
    /// What guessing comes to.
    public var chance: Double { MeanWithError(questions.map { 1 / Double($0.choices.count) }).mean }
    /// Candidates whose context was longer than the model's.
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

/// How a model answers a question.
public struct QuestionResult: Sendable, Hashable {
    public let question: ChoiceQuestion
    public let choices: [ChoiceScore]

    /// The place of the choice with the highest log-likelihood; the first of equals, as below.
    public var prediction: Int { best { score, _ in score.logLikelihood } }
    /// By the log-likelihood per character.
    public var predictionByCharacter: Int { best { $0.logLikelihood / Double($1.characterCount) } }
    /// By the log-likelihood per byte.
    public var predictionByByte: Int { best { $0.logLikelihood / Double($1.byteCount) } }

    private func best(_ score: (ChoiceScore, ChoiceCandidate) -> Double) -> Int {
        let scores = zip(choices, question.candidates).map(score)
        return scores.firstIndex(of: scores.max()!)!
    }
}

/// What a model gives to a choice.
public struct ChoiceScore: Sendable, Hashable {
    /// Natural logarithm of the probability of all its tokens.
    public let logLikelihood: Double
    /// Tokens that are scored.
    public let tokenCount: Int
    /// Tokens of the context that the model had no room for.
    public let cutTokenCount: Int
}

/// How the answers of two models differ, by the highest log-likelihood.
public struct AnswerAgreement: Sendable, Hashable {
    /// Share of questions where both choose the same, right or wrong.
    public let sameAnswer: MeanWithError
    /// The model's accuracy less the reference's; the error is that of paired differences.
    public let difference: MeanWithError
    public let bothRight: Int
    public let onlyModelRight: Int
    public let onlyReferenceRight: Int
    public let bothWrong: Int

    /// - Parameter reference: of the same questions.
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
