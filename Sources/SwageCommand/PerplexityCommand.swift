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

    @Option(
        help: ArgumentHelp(
            "Let windows begin every N tokens and score only what no window before has, as HuggingFace describes it.",
            discussion: "Without it windows do not overlap and their second half is scored, as llama.cpp has it.",
            valueName: "n"))
    var stride: Int?

    @OptionGroup var windows: WindowOptions
    @OptionGroup var padding: PaddingOptions
    @OptionGroup var splitting: PreTokenizerOptions
    @OptionGroup var compute: ComputeOptions
    @OptionGroup var execution: RunOptions

    func run() throws {
        let texts = try texts.map { try EvaluationText(contentsOf: $0) }
        let model = try open(model)
        let original = try reference.map(open)
        var cut = windows.cut
        cut.stride = stride
        let measurement = Measurement(cut: cut, parallel: compute.parallel, memory: execution.budget)
        let results = try measurement.run([model], reference: original, texts: texts, progress: execution.progress)
            .models[0]
        ProgressLine.clear()
        if json {
            return try JSONOutput.print(
                PerplexityReport(
                    model: model.name, reference: original?.name, context: windows.context, stride: stride,
                    core: ComputeBackend.coreName, texts: results.map { PerplexityReport.Text($0) }))
        }
        var tables = [PerplexityTable.perplexities(results), PerplexityTable.losses(results)]
        if original != nil { tables.append(DivergenceTable.full(results)) }
        StandardStream.output.write(tables.map(\.terminal).joined(separator: "\n\n") + "\n")
    }

    private func open(_ path: String) throws -> Model {
        try Model(path: path, expertPadding: padding.padExperts, preTokenizer: splitting.preTokenizer)
    }
}
