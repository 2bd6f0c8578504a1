import Reporting

/// Numbers of reports as Markdown and pages show them: how many digits each kind has is decided here.
enum Shown {
    static func perplexity(_ value: Double) -> String { Figures.decimal(value, 4) }
    static func divergence(_ value: Double) -> String { Figures.decimal(value, 5) }
    static func ratio(_ value: Double) -> String { Figures.decimal(value, 3) + "×" }
    static func bits(_ value: Double) -> String { Figures.decimal(value, 3) }
    static func weightError(_ value: Double) -> String { Figures.decimal(value, 5) }
    static func share(_ value: Double) -> String { Figures.decimal(value, 4) }
    static func percent(_ share: Double, _ decimals: Int) -> String { Figures.decimal(100 * share, decimals) + " %" }

    /// A difference, with its sign.
    static func difference(_ value: Double) -> String { (value > 0 ? "+" : "") + Figures.decimal(value, 4) }

    /// A value and its error in one form; empty if there is none.
    static func estimate(_ estimate: Estimate?, _ form: (Double) -> String) -> String {
        guard let estimate, let value = estimate.value else { return "" }
        guard let error = estimate.standardError else { return form(value) }
        let sign = form(error)
        return "\(form(value)) ± \(sign.hasPrefix("+") ? String(sign.dropFirst()) : sign)"
    }

    /// Percents of a share and its error.
    static func percents(_ estimate: Estimate?, _ decimals: Int) -> String {
        guard let estimate, let value = estimate.value else { return "" }
        guard let error = estimate.standardError else { return percent(value, decimals) }
        return "\(Figures.decimal(100 * value, decimals)) ± \(Figures.decimal(100 * error, decimals)) %"
    }

    static func card(_ memory: ModelFacts.Memory) -> String { memory.cardGiB.map { "\($0) GB" } ?? "none of one card" }
}
