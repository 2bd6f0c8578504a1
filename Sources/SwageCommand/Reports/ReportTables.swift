import Evaluation
import Reporting

/// A report as Markdown: one row per text and group, one column per model, the original first.
enum ReportTables {
    static func markdown(of report: ModelReport) -> DisplayText {
        var tables = [perplexity(report)]
        if report.models.contains(where: { $0.results.contains { $0.divergence != nil } }) {
            tables.append(divergence(report))
        }
        tables.append(
            table(report, "perplexity per character") { figures, _, _ in
                estimate(figures.perplexityPerCharacter, decimals: 4)
            })
        tables.append(
            table(report, "perplexity per byte") { figures, _, _ in
                estimate(figures.perplexityPerByte, decimals: 4)
            })
        return tables.map(\.markdown).joined(separator: "\n\n") + "\n\n" + provenance(report)
    }

    /// Per token, with the ratio to the original's.
    private static func perplexity(_ report: ModelReport) -> Table {
        var table = Table([.init("perplexity")] + report.models.map { .init($0.name, .right) })
        table.append(["file size"] + report.models.map { Figures.bytes($0.fileBytes) })
        table.append(["bits per weight"] + report.models.map { Figures.decimal($0.bitsPerWeight, 3) })
        append(report, to: &table) { figures, original, notCompared in
            let value = estimate(figures.perplexity, decimals: 4)
            guard let original else { return value }
            if let notCompared { return "\(value) (\(notCompared))" }
            return "\(value) (\(Figures.decimal(figures.perplexity.mean / original.perplexity.mean, 3))×)"
        }
        return table
    }

    /// From the original, with how often both find the same token most probable.
    private static func divergence(_ report: ModelReport) -> Table {
        table(report, "KL divergence", modelsFrom: 1) { figures, _, notCompared in
            if let notCompared { return notCompared }
            guard let divergence = figures.divergence, let agreement = figures.agreement else { return "" }
            return "\(estimate(divergence, decimals: 5)) (same top \(Figures.decimal(100 * agreement.mean, 1)) %)"
        }
    }

    private static func table(
        _ report: ModelReport, _ title: String, modelsFrom first: Int = 0,
        _ cell: (ModelReport.Figures, _ original: ModelReport.Figures?, _ notCompared: String?) -> String
    ) -> Table {
        var table = Table([.init(title)] + report.models[first...].map { .init($0.name, .right) })
        append(report, to: &table, modelsFrom: first, cell)
        return table
    }

    /// Adds a row for each text and each group.
    private static func append(
        _ report: ModelReport, to table: inout Table, modelsFrom first: Int = 0,
        _ cell: (ModelReport.Figures, _ original: ModelReport.Figures?, _ notCompared: String?) -> String
    ) {
        func add(_ name: String, _ figures: [ModelReport.Figures]) {
            table.append(
                [name]
                    + figures.indices.dropFirst(first).map {
                        cell(figures[$0], $0 == 0 ? nil : figures[0], report.models[$0].notCompared)
                    })
        }
        for text in report.texts.indices {
            add(report.texts[text].name, report.models.map { ModelReport.Figures($0.results[text]) })
        }
        for group in report.groups { add(group.name, group.models.map(\.figures)) }
    }

    private static func estimate(_ value: MeanWithError, decimals: Int) -> String {
        "\(Figures.decimal(value.mean, decimals)) ± \(Figures.decimal(value.error, decimals))"
    }

    /// What the figures are of.
    private static func provenance(_ report: ModelReport) -> DisplayText {
        let groups = report.groups.map { "\($0.name): mean of \($0.texts.joined(separator: ", "))" }
        let texts = report.texts.map { "\($0.name): \($0.bytes) bytes, SHA-256 \($0.sha256.prefix(16))…" }
        return Markdown.list(
            [
                "swage \(report.version), OpenBLAS \(report.core); windows of \(report.context) tokens, the second half scored; ± standard error"
            ] + groups + texts)
    }
}
