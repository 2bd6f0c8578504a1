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
    @OptionGroup var execution: RunOptions

    func validate() throws {
        guard !models.isEmpty else { throw ValidationError("name at least one model with --model NAME=MODEL") }
        guard !texts.isEmpty else { throw ValidationError("name at least one text with --text NAME=FILE") }
    }

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path, name: $0.name) }
        let measurement = Measurement(cut: windows.cut, parallel: compute.parallel, memory: execution.budget)
        let opened = try models.map {
            try Model(path: $0.path, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        }
        let columns = try zip(zip(models, opened), measured(opened, texts: texts, measurement))
            .map { opened, results in
                let (named, model) = opened
                return ReportColumn(
                    name: named.name, fileByteCount: try model.fileByteCount, bitsPerWeight: model.bitsPerWeight,
                    results: results)
            }
        ProgressLine.clear()
        var tables = [ReportTable.perplexity(columns)]
        if columns.contains(where: { $0.results[0].divergence != nil }) {
            tables.append(ReportTable.divergence(columns))
        }
        StandardStream.output.write(tables.map(\.markdown).joined(separator: "\n\n") + "\n")
    }

    /// All models in one pass beside the first if they share its tokens, else each by itself.
    private func measured(
        _ models: [Model], texts: [EvaluationText], _ measurement: Measurement
    ) throws -> [[EvaluationResult]] {
        let candidates = models.dropFirst()
        guard candidates.allSatisfy({ $0.sharesTokens(with: models[0]) }) else {
            return try models.map { try measurement.run([$0], texts: texts, progress: execution.progress).models[0] }
        }
        let outcome = try measurement.run(
            Array(candidates), reference: models[0], texts: texts, progress: execution.progress)
        return [outcome.reference] + outcome.models
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
    let results: [EvaluationResult]
}

/// Tables of measured models: one row per text, one column per model, the original first.
enum ReportTable {
    /// Perplexity ± its standard error, and the ratio to the original.
    static func perplexity(_ columns: [ReportColumn]) -> Table {
        var table = Table([.init("perplexity")] + columns.map { .init($0.name, .right) })
        table.append(["file size"] + columns.map { Figures.bytes($0.fileByteCount) })
        table.append(["bits per weight"] + columns.map { Figures.decimal($0.bitsPerWeight, 3) })
        for text in columns[0].results.indices {
            let original = columns[0].results[text].perplexity.mean
            table.append(
                [columns[0].results[text].name]
                    + columns.enumerated().map { number, column in
                        let perplexity = column.results[text].perplexity
                        let value = "\(Figures.decimal(perplexity.mean, 4)) ± \(Figures.decimal(perplexity.error, 4))"
                        return number == 0
                            ? value : "\(value) (\(Figures.decimal(perplexity.mean / original, 3))×)"
                    })
        }
        return table
    }

    /// KL divergence from the original ± its standard error, and how often both find the same token most probable.
    static func divergence(_ columns: [ReportColumn]) -> Table {
        let candidates = columns.dropFirst()
        var table = Table([.init("KL divergence")] + candidates.map { .init($0.name, .right) })
        for text in columns[0].results.indices {
            table.append(
                [columns[0].results[text].name]
                    + candidates.map { column in
                        guard let divergence = column.results[text].divergence else { return "" }
                        let mean = Figures.decimal(divergence.divergence.mean, 5)
                        let error = Figures.decimal(divergence.divergence.error, 5)
                        return "\(mean) ± \(error) (same top \(Figures.decimal(100 * divergence.agreement.mean, 1)) %)"
                    })
        }
        return table
    }
}
