import Evaluation
import ModelArchitecture
import Pages
import Pipelines

extension Pages.Estimate {
    init(_ estimate: MeanWithError) { self.init(mean: estimate.mean, error: estimate.error) }
}

extension TextFigures {
    /// - Parameter otherTokenizer: whether the reference that the others are compared with has another one.
    init(_ result: EvaluationResult, otherTokenizer: Bool = false) {
        self.init(
            name: result.name, perplexity: (result.perplexity.mean, result.perplexity.error),
            perCharacter: Estimate(result.perplexityPerCharacter), perByte: Estimate(result.perplexityPerByte),
            nats: Losses(result) { $0 }, bits: Losses(result, \.bits),
            counts: Counts(
                scoredTokens: result.scoredTokenCount, windows: result.windowCount,
                bytes: result.byteCount, characters: result.characterCount),
            divergence: otherTokenizer ? Nullable(nil) : result.divergence.map { Nullable(DivergenceFigures($0)) })
    }
}

extension TextFigures.Losses {
    fileprivate init(_ result: EvaluationResult, _ unit: (MeanWithError) -> MeanWithError) {
        self.init(
            perToken: Estimate(unit(result.loss)), perCharacter: Estimate(unit(result.lossPerCharacter)),
            perByte: Estimate(unit(result.lossPerByte)))
    }
}

extension DivergenceFigures {
    init(_ divergence: Divergence) {
        func quantiles(_ distribution: Distribution, _ parts: [Double]) -> [String: Double] {
            Dictionary(
                uniqueKeysWithValues: parts.map { ($0 == 0 ? "0" : $0 == 1 ? "1" : "\($0)", distribution.quantile($0)) }
            )
        }
        self.init(
            mean: Estimate(divergence.divergence),
            quantiles: quantiles(divergence.divergences, DivergenceTable.quantiles),
            perplexityLogRatio: Estimate(divergence.logRatio), perplexityRatio: Estimate(divergence.ratio),
            perplexityDifference: Estimate(divergence.perplexityDifference), correlation: divergence.correlation,
            probabilityChange: Estimate(divergence.probabilityChange),
            probabilityChangeQuantiles: quantiles(divergence.probabilityChanges, DivergenceTable.changeQuantiles),
            probabilityChangeRMS: Estimate(divergence.probabilityChangeRMS),
            topAgreement: Estimate(divergence.agreement))
    }
}

extension TaskFigures {
    init(_ result: TaskResult, reference: TaskResult?) {
        self.init(
            name: result.name, form: result.form?.rawValue, questions: result.questions.count, chance: result.chance,
            model: Accuracy(result), reference: reference.map { Accuracy($0) },
            agreement: reference.map { Agreement(AnswerAgreement(result, reference: $0)) })
    }

    /// The questions of several tasks together; nil for fewer than two.
    static func all(_ results: [TaskResult], references: [TaskResult]?) -> TaskFigures? {
        guard results.count > 1 else { return nil }
        return TaskFigures(
            TaskResult(name: "all", all: results), reference: references.map { TaskResult(name: "all", all: $0) })
    }
}

extension TaskFigures.Accuracy {
    fileprivate init(_ result: TaskResult) {
        self.init(
            acc: Estimate(result.accuracy), accNorm: Estimate(result.characterAccuracy),
            accBytes: Estimate(result.byteAccuracy), cutPrompts: result.cutCount)
    }
}

extension TaskFigures.Agreement {
    fileprivate init(_ agreement: AnswerAgreement) {
        self.init(
            sameAnswer: Estimate(agreement.sameAnswer), accDifference: Estimate(agreement.difference),
            bothRight: agreement.bothRight, onlyModelRight: agreement.onlyModelRight,
            onlyReferenceRight: agreement.onlyReferenceRight, bothWrong: agreement.bothWrong)
    }
}

extension WeightFigures {
    init(_ tensors: [WeightComparison.Tensor]) {
        let compared = tensors.filter { $0.type.isQuantized || $0.total.relativeRMSE != 0 }
        var all = WeightError()
        for tensor in compared { all.add(tensor.total) }
        var names: [String] = []
        for tensor in compared where !names.contains(Self.role(tensor)) { names.append(Self.role(tensor)) }
        self.init(
            all: Entry(name: nil, all),
            roles: names.map { name in
                var error = WeightError()
                for tensor in compared where Self.role(tensor) == name { error.add(tensor.total) }
                return Entry(name: name, error)
            },
            tensors: compared.map {
                Entry(
                    name: $0.name, $0.total, role: Self.role($0), layer: TensorName(gguf: $0.name)?.layer,
                    type: $0.type.name)
            })
    }

    private static func role(_ tensor: WeightComparison.Tensor) -> String { tensor.role?.stem ?? tensor.name }
}

extension WeightFigures.Entry {
    fileprivate init(name: String?, _ error: WeightError, role: String? = nil, layer: Int? = nil, type: String? = nil) {
        self.init(
            name: name, role: role, layer: layer, type: type, elements: error.count, relativeRMSE: error.relativeRMSE,
            cosine: error.cosine, gain: error.gain)
    }
}
