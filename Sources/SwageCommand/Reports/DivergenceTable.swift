import Evaluation
import Reporting

/// Tables of how far models are from their reference.
enum DivergenceTable {
    /// The parts of all tokens whose divergence is told, as llama.cpp's tool has them.
    static let quantiles = [1, 0.999, 0.99, 0.95, 0.9, 0.5, 0.1, 0.05, 0.01, 0.001, 0]
    static let changeQuantiles = [1, 0.999, 0.99, 0.95, 0.9, 0.75, 0.5, 0.25, 0.1, 0.05, 0.01, 0.001, 0]

    /// All statistics, one row each, one column per text.
    static func full(_ results: [EvaluationResult]) -> Table {
        var table = Table([.init("against the reference")] + results.map { .init($0.name, .right) })
        func row(_ title: String, _ figure: (Divergence) -> String) {
            table.append([title] + results.map { $0.divergence.map(figure) ?? "" })
        }
        func percent(_ value: Double) -> String { Figures.decimal(100 * value, 3) + " %" }
        func estimate(_ value: MeanWithError, decimals: Int) -> String {
            "\(Figures.decimal(value.mean, decimals)) ± \(Figures.decimal(value.error, decimals))"
        }
        func percentEstimate(_ value: MeanWithError) -> String {
            "\(Figures.decimal(100 * value.mean, 3)) ± \(Figures.decimal(100 * value.error, 3)) %"
        }
        row("ln perplexity ratio") { estimate($0.logRatio, decimals: 6) }
        row("perplexity ratio") { estimate($0.ratio, decimals: 6) }
        row("perplexity difference") { estimate($0.perplexityDifference, decimals: 6) }
        row("correlation of ln perplexity") { Figures.decimal(100 * $0.correlation, 2) + " %" }
        row("KL divergence, mean") { estimate($0.divergence, decimals: 6) }
        for part in quantiles {
            row("KL divergence, \(name(of: part))") { Figures.decimal($0.divergences.quantile(part), 6) }
        }
        row("Δp, mean") { percentEstimate($0.probabilityChange) }
        for part in changeQuantiles {
            row("Δp, \(name(of: part))") { percent($0.probabilityChanges.quantile(part)) }
        }
        row("Δp, root mean square") { percentEstimate($0.probabilityChangeRMS) }
        row("same top token") { percentEstimate($0.agreement) }
        return table
    }

    private static func name(of part: Double) -> String {
        switch part {
        case 0: "minimum"
        case 0.5: "median"
        case 1: "maximum"
        default: Figures.decimal(100 * part, 1) + " %"
        }
    }
}
