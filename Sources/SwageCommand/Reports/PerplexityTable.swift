import Evaluation
import Reporting
import Runtime

/// Tables of how well a model predicts texts.
enum PerplexityTable {
    /// Perplexities, one row per text.
    static func perplexities(_ results: [EvaluationResult], precision: String) -> Table {
        table(
            results, precision == Precision.reference.rawValue ? "text" : "text, \(precision) precision",
            ["perplexity per token", "per character", "per byte"],
            { [$0.perplexity, $0.perplexityPerCharacter, $0.perplexityPerByte].map { estimate($0, decimals: 4) } },
            [("scored", \.scoredTokenCount), ("windows", \.windowCount)])
    }

    /// Negative log-likelihoods, one row per text.
    static func losses(_ results: [EvaluationResult]) -> Table {
        table(
            results, "text",
            ["nats per token", "per character", "per byte", "bits per token", "per character", "per byte"],
            { result in
                let losses = [result.loss, result.lossPerCharacter, result.lossPerByte]
                return (losses + losses.map(\.bits)).map { estimate($0, decimals: 5) }
            }, [])
    }

    private static func table(
        _ results: [EvaluationResult], _ first: String, _ titles: [String], _ estimates: (EvaluationResult) -> [String],
        _ counts: [(String, KeyPath<EvaluationResult, Int>)]
    ) -> Table {
        var table = Table(
            [.init(first)] + titles.map { .init($0, .right) } + counts.map { .init($0.0, .right) })
        for result in results {
            table.append([result.name] + estimates(result) + counts.map { String(result[keyPath: $0.1]) })
        }
        return table
    }

    private static func estimate(_ value: MeanWithError, decimals: Int) -> String {
        "\(Figures.decimal(value.mean, decimals)) ± \(Figures.decimal(value.error, decimals))"
    }
}
