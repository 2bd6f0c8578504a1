import Evaluation
import Files
import Journals
import Models

/// Measures several models on the same texts: those that have the first one's tokens beside it, with the divergence from
/// it, and each of the others by itself. Models may answer tasks too, and their weights be compared with the original's.
public struct ModelComparison: Sendable {
    /// How texts are cut into windows.
    public var cut: WindowCut
    /// What the work is done with, and who is told of its progress.
    public var compute: Compute
    /// The file that results will be written to: until it is, finished work is kept in the folder `OUTPUT.work`, and the
    /// next run goes on from there; nil keeps nothing.
    public var output: String?
    /// Whether what an earlier run has kept is removed, and the work begins anew.
    public var isRestarting = false
    /// The questions that every model answers.
    public var tasks: [EvaluationTask] = []
    /// The model whose weights those of all models but the first are compared with: the first one as it is stored, without
    /// padding; nil to compare no weights. Models of other tensors are left out, with a note.
    public var weightOriginal: Model?

    /// What was measured of one model.
    public struct Result: Sendable {
        /// One result for each text.
        public let texts: [EvaluationResult]
        /// One result for each task.
        public let tasks: [TaskResult]
        /// The errors of the weights; nil if they were not compared.
        public let weights: [WeightComparison.Tensor]?
    }

    /// A comparison on windows of texts.
    ///
    /// - Parameters:
    ///   - cut: How texts are cut into windows.
    ///   - compute: What the work is done with, and who is told of its progress.
    ///   - output: The file that results will be written to.
    public init(cut: WindowCut = WindowCut(), compute: Compute = Compute(), output: String? = nil) {
        self.cut = cut
        self.compute = compute
        self.output = output
    }

    /// Measures the models.
    ///
    /// - Parameters:
    ///   - models: The models, at least one; the first is what others are compared with.
    ///   - texts: At least one text.
    ///   - write: Writes the results, one for each model; what was kept is removed after it.
    /// - Throws: ``MeasurementError`` if there is no text, `EvaluationError` for texts that cannot be cut, an error with what
    ///   differs if the folder holds the work of another run, and what `write` throws.
    public func run(_ models: [Model], texts: [EvaluationText], write: ([Result]) throws -> Void) throws {
        let journal = try output.map { output in
            try Journal(output: output, identity: identity(models, texts), isRestarting: isRestarting) {
                [progress = compute.progress] in progress(.note($0))
            }
        }
        try run(models, texts: texts, journal, write: write)
    }

    /// Measures the models, as far as a journal does not know what they come to.
    func run(_ models: [Model], texts: [EvaluationText], _ journal: Journal?, write: ([Result]) throws -> Void) throws {
        let evaluation = TaskEvaluation(compute: compute)
        evaluation.warn(about: tasks)
        try Journal.perform(journal) {
            let texts = try measured(models, texts, journal)
            let answers = try models.indices.map { index in
                tasks.isEmpty
                    ? []
                    : try evaluation.answers(of: models[index], tasks, journal.map { ($0, Self.taskRecord(index)) })
            }
            let weights = try models.indices.map { index in
                index == 0
                    ? nil : try weightErrors(of: models[index], journal.map { ($0, Self.weightRecord(index)) })
            }
            try write(models.indices.map { Result(texts: texts[$0], tasks: answers[$0], weights: weights[$0]) })
        }
    }

    func identity(_ models: [Model], _ texts: [EvaluationText]) throws -> RunIdentity {
        var identity = RunIdentity("a comparison of models", precision: compute.precision)
        try identity.add("the models", models)
        identity.add(texts)
        identity.add("the windows of the texts", "\(cut)")
        if !tasks.isEmpty { identity.add(tasks) }
        if let weightOriginal { try identity.add("the model that weights are compared with", [weightOriginal]) }
        return identity
    }

    /// What the names of the records of a model's answers begin with.
    static func taskRecord(_ model: Int) -> String { "tasks-\(model)" }

    /// The name of the record of a model's weights.
    static func weightRecord(_ model: Int) -> String { "weights-\(model)" }

    private func weightErrors(
        of model: Model, _ work: (journal: Journal, name: String)?
    ) throws -> [WeightComparison.Tensor]? {
        guard let weightOriginal else { return nil }
        var comparison = WeightComparison(compute: compute)
        comparison.work = work
        do {
            return try comparison.run(original: weightOriginal, quantized: model)
        } catch let error as ComparisonError {
            compute.progress(.note("the weights of \(model.name) are not compared: \(error.diagnostic.problem)"))
            return nil
        }
    }

    private func measured(
        _ models: [Model], _ texts: [EvaluationText], _ journal: Journal?
    ) throws -> [[EvaluationResult]] {
        func measurement(_ name: String) -> Measurement {
            var measurement = Measurement(cut: cut, compute: compute)
            measurement.work = journal.map { ($0, name) }
            return measurement
        }
        var results = [[EvaluationResult]](repeating: [], count: models.count)
        for group in Self.groups(of: models) {
            let outcome = try measurement(group.name).run(
                group.compared.map { models[$0] }, reference: group.reference.map { .model(models[$0]) }, texts: texts)
            if let reference = group.reference { results[reference] = outcome.reference }
            for (place, index) in group.compared.enumerated() { results[index] = outcome.models[place] }
        }
        return results
    }

    /// Models that are measured beside each other.
    struct Group {
        /// What the names of its records begin with.
        let name: String
        /// The place of the model that the others are compared with; nil if it is none.
        let reference: Int?
        /// The places of the others.
        let compared: [Int]

        /// The places of all.
        var all: [Int] { [reference].compactMap { $0 } + compared }
    }

    /// Those with the first model's tokens together, and each of the others by itself.
    static func groups(of models: [Model]) -> [Group] {
        let comparable = models.indices.dropFirst().filter { models[$0].sharesTokens(with: models[0]) }
        return [Group(name: "together", reference: 0, compared: comparable)]
            + models.indices.dropFirst().filter { !comparable.contains($0) }.map {
                Group(name: "model-\($0)", reference: nil, compared: [$0])
            }
    }
}
