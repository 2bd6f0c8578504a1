import ArgumentParser
import Evaluation
import Pipelines
import Reporting
import Runtime

struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures how well a model predicts texts, by llama.cpp's protocol, and how far from another model.")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String

    @Option(name: .customLong("text"), parsing: .upToNextOption, help: "Texts, plain or .zst.")
    var texts: [String]

    @Option(help: "The original model: measures the KL divergence from its predictions too.")
    var reference: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var windows: WindowOptions
    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0) }
        let model = try Model(path: model, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        let measurement = Measurement(
            evaluation: PerplexityEvaluation(context: windows.context, windowLimit: windows.chunks),
            parallel: compute.parallel)
        var results: [PerplexityResult]
        var comparisons: [ModelComparison.Result] = []
        var original: Model?
        if let reference {
            let opened = try Model(
                path: reference, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
            comparisons = try measurement.run([model], reference: opened, texts: texts, progress: ProgressLine.handler)
                .candidates[0]
            results = comparisons.map(\.perplexity)
            original = opened
        } else {
            results = try measurement.run(model, texts: texts, progress: ProgressLine.handler)
        }
        ProgressLine.clear()
        if json {
            let entries = results.enumerated().map { index, result in
                PerplexityReport.Text(result, comparisons.isEmpty ? nil : comparisons[index].divergence)
            }
            return try JSONOutput.print(
                PerplexityReport(
                    model: model.name, reference: original?.name, context: windows.context,
                    core: ComputeBackend.coreName, texts: entries))
        }
        StandardStream.output.write(Self.table(of: results).terminal + "\n")
        if !comparisons.isEmpty {
            StandardStream.output.write("\n" + DivergenceTable.full(comparisons).terminal + "\n")
        }
    }

    private static func table(of results: [PerplexityResult]) -> Table {
        var table = Table([
            .init("text"), .init("perplexity", .right), .init("±", .right), .init("nats/token", .right),
            .init("scored", .right), .init("windows", .right),
        ])
        for result in results {
            table.append([
                result.name, Figures.decimal(result.perplexity, 4), Figures.decimal(result.perplexityError, 4),
                Figures.decimal(result.loss.mean, 5), String(result.scoredTokenCount), String(result.windowCount),
            ])
        }
        return table
    }
}
