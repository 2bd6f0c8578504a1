import Reporting

/// The tables of a report: texts as rows, models as columns, the original first.
package struct ReportTables {
    let report: ModelReport

    /// The tables of a report.
    package init(_ report: ModelReport) { self.report = report }

    /// What stands in place of figures that cannot be compared.
    package static let otherTokenizer = "other tokenizer"

    /// Whether any model is compared with the first one.
    var hasComparisons: Bool { report.models.contains { $0.divergence?.value != nil } }

    /// The figures of every text and group.
    package var texts: [FigureTable] {
        [perplexity] + (hasComparisons ? [differences, divergence, distribution] : []) + [perCharacter, perByte]
    }

    /// The figures of a row: a model's on one text, or averaged over several.
    struct RowFigures {
        let perplexity: Estimate
        let perCharacter: Estimate
        let perByte: Estimate
        var ratio: Estimate?
        var difference: Estimate?
        var divergence: Estimate?
        var agreement: Estimate?

        init(_ text: TextFigures) {
            perplexity = Estimate(mean: text.perplexity, error: text.standardError)
            (perCharacter, perByte) = (text.perplexityPerCharacter, text.perplexityPerByte)
            let compared = text.divergence?.value
            (ratio, difference) = (compared?.perplexityRatio, compared?.perplexityDifference)
            (divergence, agreement) = (compared?.mean, compared?.topAgreement)
        }

        init(_ averages: ModelReport.Averages) {
            (perplexity, perCharacter) = (averages.perplexity, averages.perplexityPerCharacter)
            perByte = averages.perplexityPerByte
            (ratio, difference) = (averages.perplexityRatio?.value, averages.perplexityDifference?.value)
            (divergence, agreement) = (averages.divergence?.value, averages.topAgreement?.value)
        }
    }

    /// The rows of texts and groups: their names, and the figures of each model.
    var rows: [(name: String, figures: [RowFigures])] {
        report.texts.indices.map { text in
            (report.texts[text].name, report.models.map { RowFigures($0.texts[text]) })
        } + report.groups.map { ($0.name, $0.models.map { RowFigures($0) }) }
    }

    private func isCompared(_ index: Int) -> Bool { report.models[index].notCompared == nil }

    private func table(
        _ title: String, modelsFrom first: Int = 0, best: FigureTable.Best = .least, onlyCompared: Bool = true,
        _ cell: (RowFigures, _ index: Int) -> FigureTable.Cell
    ) -> FigureTable {
        var table = FigureTable(title, columns(title, modelsFrom: first))
        append(to: &table, modelsFrom: first, best: best, onlyCompared: onlyCompared, cell)
        return table
    }

    func columns(_ title: String, modelsFrom first: Int = 0) -> [Table.Column] {
        [.init(title)] + report.models[first...].map { .init($0.name, .right) }
    }

    private func append(
        to table: inout FigureTable, modelsFrom first: Int, best: FigureTable.Best, onlyCompared: Bool,
        _ cell: (RowFigures, _ index: Int) -> FigureTable.Cell
    ) {
        for row in rows {
            table.append(
                row.name, row.figures.indices.dropFirst(first).map { cell(row.figures[$0], $0) }, best: best,
                isRated: { !onlyCompared || isCompared($0 + first) })
        }
    }

    /// Per token, with the ratio to the original's.
    private var perplexity: FigureTable {
        var table = FigureTable("Perplexity", columns("perplexity"))
        table.append("file size", report.models.map { .init(Figures.bytes($0.fileBytes), Double($0.fileBytes)) })
        table.append("bits per weight", report.models.map { .init(Shown.bits($0.bitsPerWeight), $0.bitsPerWeight) })
        append(to: &table, modelsFrom: 0, best: .least, onlyCompared: true) { figures, index in
            var text = Shown.estimate(figures.perplexity, Shown.perplexity)
            if let reason = report.models[index].notCompared {
                text += " (\(reason))"
            } else if let ratio = figures.ratio?.value {
                text += " (\(Shown.ratio(ratio)))"
            }
            return .init(text, figures.perplexity.value)
        }
        return table
    }

    /// From the original's, with errors that take account of the common text.
    private var differences: FigureTable {
        table("perplexity difference", modelsFrom: 1, best: .none) { figures, index in
            if let reason = report.models[index].notCompared { return .init(reason) }
            return .init(Shown.estimate(figures.difference, Shown.difference), figures.difference?.value)
        }
    }

    /// From the original, with how often both find the same token most probable.
    private var divergence: FigureTable {
        table("KL divergence", modelsFrom: 1) { figures, index in
            if let reason = report.models[index].notCompared { return .init(reason) }
            guard let mean = figures.divergence?.value else { return .init("") }
            let agreement = figures.agreement?.value.map { " (same top \(Shown.percent($0, 1)))" } ?? ""
            return .init(Shown.estimate(figures.divergence, Shown.divergence) + agreement, mean)
        }
    }

    private var perCharacter: FigureTable {
        table("perplexity per character", onlyCompared: false) { figures, _ in
            .init(Shown.estimate(figures.perCharacter, Shown.perplexity), figures.perCharacter.value)
        }
    }

    private var perByte: FigureTable {
        table("perplexity per byte", onlyCompared: false) { figures, _ in
            .init(Shown.estimate(figures.perByte, Shown.perplexity), figures.perByte.value)
        }
    }
}
