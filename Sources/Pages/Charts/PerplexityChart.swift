import Reporting

/// The perplexities of all models on each text, with their errors; each text has a scale of its own.
struct PerplexityChart {
    private struct Row {
        let index: Int
        let name: String
        let perplexity: Estimate
        let value: Double
    }

    private let texts: [(name: String, rows: [Row])]

    private static let width = 420.0
    private static let (left, right) = (110.0, 106.0)
    private static let (titleHeight, rowHeight) = (26.0, 18.0)

    init(_ report: ModelReport) {
        texts = report.texts.indices.map { text in
            let rows = report.models.enumerated().compactMap { index, model in
                let figures = model.texts[text]
                return model.notCompared == nil && figures.perplexity.isFinite
                    ? Row(
                        index: index, name: model.name,
                        perplexity: Estimate(mean: figures.perplexity, error: figures.standardError),
                        value: figures.perplexity) : nil
            }
            return (report.texts[text].name, rows)
        }
    }

    /// An element `svg`, whose colors are classes of the page's style.
    var svg: Markup {
        var parts: Markup = ""
        var y = 4.0
        for text in texts {
            guard
                let scale = Scale(
                    text.rows.flatMap {
                        [$0.value - ($0.perplexity.standardError ?? 0), $0.value + ($0.perplexity.standardError ?? 0)]
                    },
                    from: Self.left, to: Self.width - Self.right)
            else { continue }
            parts += "<text class=\"name\" x=\"4\" y=\"\(y + 16)\">\(text.name)</text>"
            y += Self.titleHeight
            for row in text.rows {
                parts += mark(row, scale, y: y + Self.rowHeight / 2)
                y += Self.rowHeight
            }
        }
        let height = Figures.decimal(y + 6, 0)
        return """
            <svg class="chart" viewBox="0 0 420 \(height)" role="img" aria-label="Perplexity by text">\
            <title>Perplexity by text</title>\(parts)</svg>
            """
    }

    private func mark(_ row: Row, _ scale: Scale, y: Double) -> Markup {
        let error = row.perplexity.standardError ?? 0
        let (x, low, high) = (scale.place(row.value), scale.place(row.value - error), scale.place(row.value + error))
        let shown = Shown.estimate(row.perplexity, Shown.perplexity)
        return """
            <g class="s\(row.index % SeriesColors.count)"><title>\(row.name): \(shown)</title>\
            <text x="12" y="\(y + 4)">\(Self.short(row.name))</text>\
            <line class="grid" x1="\(Self.left)" x2="\(Self.width - Self.right)" y1="\(y)" y2="\(y)"/>\
            <line class="error" x1="\(low)" x2="\(high)" y1="\(y)" y2="\(y)"/>\
            <circle class="mark" cx="\(x)" cy="\(y)" r="4"/>\
            <text x="\(Self.width - 4)" y="\(y + 4)" text-anchor="end">\(shown)</text></g>
            """
    }

    /// As much of a name as there is room for.
    private static func short(_ name: String) -> String { name.count > 16 ? name.prefix(15) + "…" : name }
}
