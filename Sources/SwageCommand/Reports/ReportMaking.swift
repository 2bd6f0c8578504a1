import Evaluation
import Manifests
import Models
import Numerics
import Pages
import Pipelines

/// Measures models and makes a report of them; for commands that have opened models and texts.
struct ReportMaking {
    /// A model, and what the user calls it.
    struct NamedModel {
        let name: String
        let model: Model
    }

    /// Texts that are averaged, and what the average is called.
    struct NamedGroup {
        let name: String
        /// Names of texts.
        let texts: [String]
    }

    /// What the average over all texts is called.
    static let averageOfAll = "AVG(all)"

    /// How texts are cut into windows.
    var cut = WindowCut()
    var compute = Compute()
    /// Beside which finished work is kept; nil keeps nothing.
    var output: String?
    var isRestarting = false
    /// The averages that are reported after that over all texts.
    var groups: [NamedGroup] = []
    /// The questions that models answer.
    var tasks: [EvaluationTask] = []
    /// The original as it is stored, without padding, to compare weights with; nil to compare none.
    var weightOriginal: Model?

    /// - Parameters:
    ///   - models: The first is what the others are compared with.
    ///   - write: Writes the report; what was kept is removed after it.
    /// - Throws: Errors of measuring, and what `write` throws.
    func run(_ models: [NamedModel], texts: [EvaluationText], write: (ModelReport) throws -> Void) throws {
        let opened = Self.called(models)
        try comparison.run(opened, texts: texts) { try write(report($0, of: opened, texts)) }
    }

    /// The models with the names that the user calls them.
    static func called(_ models: [NamedModel]) -> [Model] { models.map { $0.model.called($0.name) } }

    /// What is measured.
    var comparison: ModelComparison {
        var comparison = ModelComparison(cut: cut, compute: compute, output: output)
        comparison.isRestarting = isRestarting
        comparison.tasks = tasks
        comparison.weightOriginal = weightOriginal
        return comparison
    }

    /// The report of what was measured.
    ///
    /// - Parameter models: By the names that the user calls them.
    func report(_ results: [ModelComparison.Result], of models: [Model], _ texts: [EvaluationText]) throws
        -> ModelReport
    {
        let columns = try zip(models, results).enumerated().map { index, column in
            try ModelReport.Model(
                column.0, column.1, reference: index == 0 ? nil : (models[0], results[0]), compute: compute)
        }
        let all = texts.count > 1 ? [NamedGroup(name: Self.averageOfAll, texts: texts.map(\.name))] : []
        return ModelReport(
            version: SwageVersion.current,
            manifest: try manifest(models, texts),
            precision: compute.precision.rawValue, core: BLAS.coreName,
            context: cut.context,
            texts: texts.map { ModelReport.Text($0) }, models: columns.placed,
            groups: (all + groups).map { group in
                ModelReport.Group(
                    name: group.name, texts: group.texts,
                    models: zip(columns, results).map { column, result in
                        ModelReport.Averages(
                            of: result.texts.filter { group.texts.contains($0.name) }, column)
                    })
            })
    }
}

extension ReportMaking {
    fileprivate func manifest(_ models: [Model], _ texts: [EvaluationText]) throws -> Manifest {
        let measured = try Manifest(
            models: models, texts: texts, cut: cut, options: ["precision": compute.precision.rawValue])
        guard !tasks.isEmpty else { return measured }
        var manifest = measured
        manifest.inputs += try Manifest(models: [], tasks: tasks, questionLimit: nil).inputs
        return manifest
    }
}

extension ModelReport.Text {
    fileprivate init(_ text: EvaluationText) {
        self.init(
            name: text.name, bytes: text.bytes.count, characters: text.characterCount, sha256: Fingerprint.of(text))
    }
}

extension ModelReport.Model {
    /// - Parameter reference: What the model is compared with; nil for the one that others are compared with.
    fileprivate init(
        _ model: Model, _ results: ModelComparison.Result, reference: (model: Model, results: ModelComparison.Result)?,
        compute: Compute
    ) throws {
        let hasOtherTokenizer = reference.map { !model.sharesTokens(with: $0.model) } ?? false
        let comparisons = results.texts.flatMap(\.comparisons)
        let references = reference?.results.tasks
        self.init(
            name: model.name, fileBytes: try model.fileByteCount, bitsPerWeight: model.bitsPerWeight,
            fingerprint: try Fingerprint.of(model), file: try ModelFacts(model, compute: compute),
            texts: results.texts.map { TextFigures($0, otherTokenizer: hasOtherTokenizer) },
            divergence: hasOtherTokenizer
                ? Nullable(nil) : comparisons.isEmpty ? nil : Nullable(DivergenceFigures(Divergence(comparisons))),
            notCompared: hasOtherTokenizer ? ReportTables.otherTokenizer : nil,
            tasks: results.tasks.isEmpty
                ? nil : results.tasks.enumerated().map { TaskFigures($1, reference: references?[$0]) },
            allTasks: TaskFigures.all(results.tasks, references: references),
            weights: results.weights.map { WeightFigures($0) })
    }
}

extension ModelReport.Averages {
    fileprivate init(of results: [EvaluationResult], _ model: ModelReport.Model) {
        func average(_ value: (EvaluationResult) -> MeanWithError) -> Estimate {
            Estimate(MeanWithError(averageOf: results.map(value)))
        }
        func compared(_ value: (Divergence) -> MeanWithError) -> Nullable<Estimate>? {
            guard model.notCompared == nil else { return Nullable(nil) }
            let values = results.compactMap { $0.divergence.map(value) }
            return values.count == results.count ? Nullable(Estimate(MeanWithError(averageOf: values))) : nil
        }
        self.init(
            model: model.name, perplexity: average(\.perplexity),
            perplexityPerCharacter: average(\.perplexityPerCharacter), perplexityPerByte: average(\.perplexityPerByte),
            perplexityRatio: compared(\.ratio), perplexityDifference: compared(\.perplexityDifference),
            divergence: compared(\.divergence), probabilityChangeRMS: compared(\.probabilityChangeRMS),
            topAgreement: compared(\.agreement))
    }
}
