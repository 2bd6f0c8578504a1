import Calibration
import Evaluation
import ModelArchitecture
import Models
import Parts

/// A stretch of the units of a divided comparison that are of one kind.
struct ComparisonSection {
    /// What the units are.
    enum Kind {
        /// Windows of the texts, with the models of a group.
        case windows(ModelComparison.Group)
        /// Sequences of tokens that the choices of questions follow, with the model of this place.
        case answers(model: Int)
        /// Tensors of the model of this place.
        case weights(model: Int)
    }

    let kind: Kind
    let units: [WorkUnit]
    /// How many results each unit has: choices that follow a sequence, or matrices of a tensor.
    let resultCounts: [Int]
}

extension ModelComparison {
    /// Multiplications that comparing a weight takes as long as, about.
    private static let weightCost = 20.0

    /// All units of a comparison.
    ///
    /// - Parameters:
    ///   - models: The first is what others are compared with.
    ///   - windows: The windows of the texts, for each group of models.
    func sections(
        _ models: [Model], _ groups: [(group: Group, windows: [TokenWindows])]
    ) throws -> [ComparisonSection] {
        var sections = groups.map { group, texts in
            let names = group.all.map { models[$0].name }.joined(separator: ", ")
            let cost = group.all.reduce(0) { $0 + models[$1].plan.multiplicationsPerToken }
            return ComparisonSection(
                kind: .windows(group),
                units: texts.flatMap { text in
                    text.windows.map {
                        WorkUnit(
                            "window \($0.number) of \(text.name) with \(names)", cost: Double($0.tokens.count) * cost)
                    }
                }, resultCounts: [])
        }
        for (place, model) in models.enumerated() where !tasks.isEmpty {
            let sequences = try ChoiceEvaluation().sequenceLengths(
                of: tasks, tokenizer: model.tokenizer, contextLength: model.plan.contextLength)
            sections.append(
                ComparisonSection(
                    kind: .answers(model: place),
                    units: sequences.enumerated().map { number, sequence in
                        WorkUnit(
                            "sequence \(number) of the questions to \(model.name)",
                            cost: Double(sequence.tokenCount) * model.plan.multiplicationsPerToken)
                    }, resultCounts: sequences.map(\.choiceCount)))
        }
        for (place, model) in models.enumerated().dropFirst() {
            guard let weightOriginal else { break }
            let sizes: [(name: String, weightCount: Int, matrixCount: Int)]
            do {
                sizes = try WeightComparison(compute: compute).sizes(original: weightOriginal, quantized: model)
            } catch is ComparisonError {
                // Its weights are not compared; joining says why.
                continue
            }
            sections.append(
                ComparisonSection(
                    kind: .weights(model: place),
                    units: sizes.map {
                        WorkUnit("\($0.name) of \(model.name)", cost: Self.weightCost * Double($0.weightCount))
                    }, resultCounts: sizes.map(\.matrixCount)))
        }
        return sections
    }
}

extension DecoderPlan {
    /// Multiplications with the weights of all layers, and with half of the output matrix, for each token.
    fileprivate var multiplicationsPerToken: Double {
        Double(layerCount) * multiplicationsPerLayer + Double(embeddingLength) * Double(vocabularySize) / 2
    }
}
