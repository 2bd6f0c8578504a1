import ArgumentParser
import Evaluation
import Pipelines
import Reporting
import Runtime

struct PerplexityCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "perplexity",
        abstract: "Measures how well a model predicts texts, by llama.cpp's protocol.")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: String

    @Option(name: .customLong("text"), parsing: .upToNextOption, help: "Texts, plain or .zst.")
    var texts: [String]

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup var windows: WindowOptions
    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0) }
        let model = try Model(path: model, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
        let results = try Measurement(
            evaluation: PerplexityEvaluation(context: windows.context, windowLimit: windows.chunks),
            parallel: compute.parallel
        ).run(model, texts: texts, progress: ProgressLine.handler)
        ProgressLine.clear()
        if json {
            let report = PerplexityReport(
                model: model.name, context: windows.context, core: ComputeBackend.coreName,
                texts: results.map(PerplexityReport.Text.init))
            return try JSONOutput.print(report)
        }
        var table = Table([
            .init("text"), .init("perplexity", .right), .init("±", .right), .init("nats/token", .right),
            .init("scored", .right), .init("windows", .right),
        ])
        for result in results {
            table.append([
                result.name, Figures.decimal(result.perplexity, 4), Figures.decimal(result.perplexityError, 4),
                Figures.decimal(result.meanNegativeLogLikelihood, 5), String(result.scoredTokenCount),
                String(result.windowCount),
            ])
        }
        StandardStream.output.write(table.terminal + "\n")
    }
}

/// What `perplexity --json` prints.
private struct PerplexityReport: Encodable {
    let model: String
    let context: Int
    /// OpenBLAS's kernels.
    let core: String
    let texts: [Text]

    struct Text: Encodable {
        let name: String
        let perplexity: Double
        /// Of the perplexity.
        let standardError: Double
        let meanNegativeLogLikelihood: Double
        /// Of the mean negative log-likelihood.
        let meanStandardError: Double
        /// Tokens scored.
        let tokens: Int
        let windows: Int
        let textTokens: Int
        let textBytes: Int
        let textCharacters: Int

        init(_ result: PerplexityResult) {
            name = result.name
            perplexity = result.perplexity
            standardError = result.perplexityError
            meanNegativeLogLikelihood = result.meanNegativeLogLikelihood
            meanStandardError = result.standardError
            tokens = result.scoredTokenCount
            windows = result.windowCount
            textTokens = result.tokenCount
            textBytes = result.byteCount
            textCharacters = result.characterCount
        }
    }
}
