import Evaluation
import Files
import FoundationEssentials
import Journals
import Models

/// Lets models answer the questions of tasks.
public struct TaskEvaluation: Sendable {
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute
    /// Where each question's figures are written, a line of JSON each; nil for nowhere.
    ///
    /// Until it is there, finished work is kept in the folder `DETAILS.work`, and the next run goes on from there.
    public var detailsPath: String?
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false

    /// An evaluation of tasks.
    ///
    /// - Parameters:
    ///   - compute: What the work is done with, and who is told of its progress.
    ///   - detailsPath: Where each question's figures are written, a line of JSON each; nil for nowhere.
    public init(compute: Compute = Compute(), detailsPath: String? = nil) {
        self.compute = compute
        self.detailsPath = detailsPath
    }

    /// Scores the choices of all questions.
    ///
    /// - Parameters:
    ///   - model: The model that answers.
    ///   - reference: A model that answers the same questions; its tokens may be others.
    ///   - tasks: At least one task.
    /// - Returns: a result for each task, of the model and of the reference.
    /// - Throws: errors of reading the models, an error with what differs if the folder holds the work of another run, and
    ///   errors of writing.
    public func run(
        _ model: Model, reference: Model? = nil, tasks: [EvaluationTask]
    ) throws -> (model: [TaskResult], reference: [TaskResult]?) {
        if let detailsPath {
            try OutputFile.check(
                detailsPath, inputs: model.inputFiles + (reference?.inputFiles ?? []) + tasks.map(\.path))
        }
        let journal = try detailsPath.map { path in
            let models = [model] + (reference.map { [$0] } ?? [])
            return try Journal(output: path, identity: identity(models, tasks), isRestarting: isRestarting) {
                [progress = compute.progress] in progress(.note($0))
            }
        }
        warn(about: tasks)
        return try Journal.perform(journal) {
            let results = try answers(of: model, tasks, journal.map { ($0, "model") })
            let others = try reference.map { try answers(of: $0, tasks, journal.map { ($0, "reference") }) }
            if let detailsPath { try write(results, others, to: detailsPath) }
            return (results, others)
        }
    }

    /// Tells of tasks whose prompts and choices run together.
    func warn(about tasks: [EvaluationTask]) {
        for task in tasks where task.unspacedQuestionCount > 0 {
            compute.progress(
                .warning(
                    "\(task.path): in \(task.unspacedQuestionCount) of \(task.questions.count) questions a choice follows "
                        + "its prompt without a space; end prompts with one if choices are words"))
        }
    }

    private func identity(_ models: [Model], _ tasks: [EvaluationTask]) throws -> RunIdentity {
        var identity = RunIdentity("answers to questions", precision: compute.precision)
        try identity.add("the models", models)
        identity.add(tasks)
        return identity
    }

    /// The answers of one model, which go on from what a journal has kept under a name.
    func answers(
        of model: Model, _ tasks: [EvaluationTask], _ journal: (journal: Journal, name: String)?
    ) throws -> [TaskResult] {
        compute.progress(.stage(.answering(model: model.name)))
        let pass = try model.forwardPass(compute)
        let results = try ChoiceEvaluation().run(pass, tokenizer: model.tokenizer, tasks: tasks, journal: journal) {
            compute.progress(.fraction($0))
        }
        for (task, result) in zip(tasks, results) where result.cutCount > 0 {
            let count = result.questions.reduce(0) { $0 + $1.choices.count }
            compute.progress(
                .warning(
                    "\(task.path): \(result.cutCount) of \(count) choices have a prompt longer than the "
                        + "\(model.plan.contextLength) tokens that \(model.name) can see, which lost its beginning"))
        }
        compute.progress(.times(model: model.name, pass.times))
        return results
    }

    /// The answers of one model to some of the questions, as log-likelihoods.
    ///
    /// - Parameter range: The places of the sequences of tokens that choices follow.
    func sums(
        ofSequences range: Range<Int>, of model: Model, _ tasks: [EvaluationTask],
        _ journal: (journal: Journal, name: String)?
    ) throws -> [Double] {
        compute.progress(.stage(.answering(model: model.name)))
        let pass = try model.forwardPass(compute)
        let sums = try ChoiceEvaluation().sums(
            ofSequences: range, pass, tokenizer: model.tokenizer, tasks: tasks, journal: journal
        ) { compute.progress(.fraction($0)) }
        compute.progress(.times(model: model.name, pass.times))
        return sums
    }

    private func write(_ results: [TaskResult], _ references: [TaskResult]?, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var file = try AtomicFile(path: path)
        for (number, result) in results.enumerated() {
            for (index, question) in result.questions.enumerated() {
                let details = QuestionDetails(
                    task: result.name, question, reference: references?[number].questions[index])
                try file.append(Array(encoder.encode(details)) + [0x0a])
            }
        }
        try file.commit()
    }
}

/// A line of the file of details.
private struct QuestionDetails: Encodable {
    let task: String
    let line: Int
    let answer: Int
    let choices: [Choice]
    let model: Answer
    let reference: Answer?

    struct Choice: Encodable {
        let context: String
        /// What is scored.
        let continuation: String
        let characters: Int
        let bytes: Int
    }

    struct Answer: Encodable {
        /// By log-likelihood, per character and per byte.
        let prediction: Int
        let predictionByCharacter: Int
        let predictionByByte: Int
        /// The choices', natural logarithms.
        let logLikelihoods: [Double]
        /// Scored tokens of the choices.
        let tokens: [Int]
        /// Tokens of the contexts that there was no room for.
        let cutTokens: [Int]

        init(_ result: QuestionResult) {
            prediction = result.prediction
            predictionByCharacter = result.predictionByCharacter
            predictionByByte = result.predictionByByte
            logLikelihoods = result.choices.map(\.logLikelihood)
            tokens = result.choices.map(\.tokenCount)
            cutTokens = result.choices.map(\.cutTokenCount)
        }
    }

    init(task: String, _ result: QuestionResult, reference: QuestionResult?) {
        self.task = task
        line = result.question.line
        answer = result.question.answer
        choices = result.question.candidates.map {
            Choice(
                context: $0.context, continuation: $0.continuation, characters: $0.characterCount, bytes: $0.byteCount)
        }
        model = Answer(result)
        self.reference = reference.map(Answer.init)
    }
}
