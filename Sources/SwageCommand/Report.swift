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
        let opened = try models.map {
            try Model(path: $0.path, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        }
        let columns = try zip(models, measured(opened, texts: texts, measurement))
            .map { named, results in
                ReportColumn(
                    name: named.name, fileByteCount: try results.model.fileByteCount,
                    bitsPerWeight: results.model.bitsPerWeight, results: results.perplexities,
                    divergences: results.divergences)
            }
        ProgressLine.clear()
        var tables = [ReportTable.perplexity(columns)]
        if columns.contains(where: { !$0.divergences.isEmpty }) { tables.append(ReportTable.divergence(columns)) }
        StandardStream.output.write(tables.map(\.markdown).joined(separator: "\n\n") + "\n")
    }

    private struct Results {
        let model: Model
        let perplexities: [PerplexityResult]
        let divergences: [Divergence]
    }

    /// All models in one pass beside the first if they share its tokens, else each by itself.
    private func measured(_ models: [Model], texts: [EvaluationText], _ measurement: Measurement) throws -> [Results] {
        let candidates = models.dropFirst()
        guard !candidates.isEmpty, candidates.allSatisfy({ $0.sharesTokens(with: models[0]) }) else {
            return try models.map { model in
                let results = try measurement.run(model, texts: texts, progress: ProgressLine.handler)
                return Results(model: model, perplexities: results, divergences: [])
            }
        }
        let outcome = try measurement.run(
            Array(candidates), reference: models[0], texts: texts, progress: ProgressLine.handler)
        return [Results(model: models[0], perplexities: outcome.reference, divergences: [])]
            + zip(candidates, outcome.candidates)
            .map { model, results in
                Results(
                    model: model, perplexities: results.map(\.perplexity), divergences: results.map(\.divergence))
            }
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
    /// From the first column's model, one for each text; none for that model itself.
    let divergences: [Divergence]
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

    /// KL divergence from the original ± its standard error, and how often both find the same token most probable.
    static func divergence(_ columns: [ReportColumn]) -> Table {
        let candidates = columns.dropFirst()
        var table = Table([.init("KL divergence")] + candidates.map { .init($0.name, .right) })
        for text in columns[0].results.indices {
            table.append(
                [columns[0].results[text].name]
                    + candidates.map { column in
                        let divergence = column.divergences[text]
                        let mean = Figures.decimal(divergence.divergence.mean, 5)
                        let error = Figures.decimal(divergence.divergence.error, 5)
                        return "\(mean) ± \(error) (same top \(Figures.decimal(100 * divergence.agreement.mean, 1)) %)"
                    })
        }
        return table
    }
}
