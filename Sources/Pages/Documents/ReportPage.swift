import Mustache
import Reporting

extension ModelReport {
    /// The report as one HTML page that needs nothing else: no network, no other files.
    ///
    /// - Throws: An error of the template language, which would be ours.
    package func page() throws -> String {
        try MustacheTemplate(string: PageTemplate.source).render(PageContent(self))
    }
}

/// A piece of a page: what a template takes as it is.
extension Markup: MustacheCustomRenderable {
    /// The markup, which is escaped already.
    package var renderText: String { source }
    /// Never: an empty piece is one.
    package var isNull: Bool { false }
}

/// What the template of a page is filled with; only ``Markup`` gets into it.
private struct PageContent {
    struct Figure {
        let caption: Markup
        let svg: Markup
    }

    struct Charts {
        let figures: [Figure]
    }

    struct Column {
        let title: Markup
        let isRight: Bool
    }

    struct Cell {
        let text: Markup
        let isName: Bool
        let hasValue: Bool
        let value: Markup
        let `class`: Markup?
    }

    struct Row {
        let isAverage: Bool
        let cells: [Cell]
    }

    struct Table {
        let title: Markup
        let columns: [Column]
        let rows: [Row]
    }

    struct Making {
        struct Step {
            let name: Markup
            let value: Markup
        }

        struct Command {
            let command: Markup
        }

        let name: Markup
        let steps: [Step]
        let hasCommands: Bool
        let commands: [Command]
    }

    struct Note {
        let note: Markup
    }

    let title: Markup
    let version: Markup
    let summary: Markup
    let style = Markup(safe: PageStyle.source)
    let script = Markup(safe: PageScript.source)
    let charts: [Charts]
    let tables: [Table]
    let making: [Making]
    let notes: [Note]

    init(_ report: ModelReport) {
        let reference = report.models.first
        title = "\(reference?.file.metadata["general.name"]?.first ?? reference?.name ?? "")"
        version = "\(report.version)"
        let counts: Markup =
            "\(report.models.count) models on \(report.texts.count) texts, measured by Swage \(report.version)\(report.precisionNote)."
        summary =
            report.models.count > 1
            ? "\(counts) What is relative is so to \(reference?.name ?? ""), over the same tokens." : counts
        let figures = Self.figures(report)
        charts = figures.isEmpty ? [] : [Charts(figures: figures)]
        let all = ReportTables(report)
        let averages = Set(report.groups.map(\.name))
        let shown = [all.models] + all.texts + [all.tasks, all.weights].compactMap { $0 } + [all.files]
        tables = shown.map { Self.table($0, averages: averages) }
        making = report.models.filter { !$0.file.made.isEmpty }.map { model in
            Making(
                name: "\(model.name)", steps: model.file.made.map { .init(name: "\($0.name)", value: "\($0.value)") },
                hasCommands: !model.file.commands.isEmpty, commands: model.file.commands.map { .init(command: "\($0)") }
            )
        }
        notes = report.notes.map { Note(note: "\($0)") }
    }

    private static func table(_ table: FigureTable, averages: Set<String>) -> Table {
        Table(
            title: "\(table.title.prefix(1).uppercased() + table.title.dropFirst())",
            columns: table.columns.map { Column(title: "\($0.title)", isRight: $0.alignment == .right) },
            rows: table.rows.map { row in
                Row(
                    isAverage: averages.contains(row[0].text),
                    cells: row.enumerated().map { index, cell in
                        let classes = [
                            table.columns[index].alignment == .right ? "right" : nil, cell.isBest ? "best" : nil,
                            table.columns[index].title == "SHA-256" ? "digest" : nil,
                        ].compactMap { $0 }
                        return Cell(
                            text: "\(cell.text)", isName: index == 0, hasValue: cell.value != nil,
                            value: Markup(text: cell.value.map { String(describing: $0) } ?? ""),
                            class: classes.isEmpty ? nil : Markup(text: classes.joined(separator: " ")))
                    })
            })
    }

    private static func figures(_ report: ModelReport) -> [Figure] {
        var figures: [Figure] = []
        if let chart = DivergenceChart(report) {
            figures.append(
                Figure(
                    caption:
                        "KL divergence from \(report.models[0].name) over all tokens, against size. Dashed: what is "
                        + "nearer than all files as small.",
                    svg: chart.svg))
        }
        figures.append(
            Figure(
                caption: "Perplexity per token with standard errors; each text has a scale of its own.",
                svg: PerplexityChart(report).svg))
        if let errors = HeatMap.errors(report) {
            figures += report.models.compactMap { model in
                HeatMap(model, errors: errors).map {
                    Figure(caption: "Weight errors of \(model.name), by role and layer.", svg: $0.svg)
                }
            }
        }
        return figures
    }
}
