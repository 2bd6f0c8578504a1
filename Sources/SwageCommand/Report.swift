import ArgumentParser
import Evaluation
import Pipelines
import Reporting

struct Report: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures several models on several texts and prints one table, the original first.")

    @Option(
        name: .customLong("model"),
        help: ArgumentHelp("A model and what to call it; the first is the original.", valueName: "name=model"))
    var models: [NamedPath]

    @Option(
        name: .customLong("text"), help: ArgumentHelp("A text and what to call it.", valueName: "name=file"))
    var texts: [NamedPath]

    @OptionGroup var windows: WindowOptions
    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func validate() throws {
        guard !models.isEmpty else { throw ValidationError("name at least one model with --model NAME=MODEL") }
        guard !texts.isEmpty else { throw ValidationError("name at least one text with --text NAME=FILE") }
    }

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path, name: $0.name) }
        let measurement = Measurement(
            evaluation: PerplexityEvaluation(context: windows.context, windowLimit: windows.chunks),
            parallel: compute.parallel)
        let columns = try models.map { named in
            let model = try Model(
                path: named.path, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
            return ReportColumn(
                name: named.name, fileByteCount: try model.fileByteCount, bitsPerWeight: model.bitsPerWeight,
                results: try measurement.run(model, texts: texts, progress: ProgressLine.handler))
        }
        ProgressLine.clear()
        StandardStream.output.write(ReportTable.perplexity(columns).markdown + "\n")
    }
}

/// `NAME=PATH`; the name alone is the path's last component.
struct NamedPath: ExpressibleByArgument {
    let name: String
    let path: String

    init?(argument: String) {
        guard let divider = argument.firstIndex(of: "="), divider > argument.startIndex else { return nil }
        name = String(argument[..<divider])
        path = String(argument[argument.index(after: divider)...])
        guard !path.isEmpty else { return nil }
    }
}

/// A measured model.
struct ReportColumn {
    let name: String
    let fileByteCount: Int
    let bitsPerWeight: Double
    /// One for each text.
    let results: [PerplexityResult]
}

/// Tables of measured models: one row per text, one column per model, the original first.
enum ReportTable {
    /// Perplexity ± its standard error, and the ratio to the original.
    static func perplexity(_ columns: [ReportColumn]) -> Table {
        var table = Table([.init("perplexity")] + columns.map { .init($0.name, .right) })
        table.append(["file size"] + columns.map { Figures.bytes($0.fileByteCount) })
        table.append(["bits per weight"] + columns.map { Figures.decimal($0.bitsPerWeight, 3) })
        for text in columns[0].results.indices {
            let original = columns[0].results[text].perplexity
            table.append(
                [columns[0].results[text].name]
                    + columns.enumerated().map { number, column in
                        let result = column.results[text]
                        let value =
                            "\(Figures.decimal(result.perplexity, 4)) ± \(Figures.decimal(result.perplexityError, 4))"
                        return number == 0
                            ? value : "\(value) (\(Figures.decimal(result.perplexity / original, 3))×)"
                    })
        }
        return table
    }
}
