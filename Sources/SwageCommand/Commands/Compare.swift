import ArgumentParser
import Checkpoints
import Evaluation
import Files
import Manifests
import Models
import Pipelines
import Reporting

struct Compare: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how far a quantized model's weights are from the original ones, the worst tensors first.",
        discussion: """
            Relative RMSE is the root of the mean squared error over that of the original weights. A gain below 1 says that \
            the weights have shrunk. Rows and columns that pad experts in the quantized model are left out. Weights that are \
            no finite numbers are refused, and models that look exchanged are compared as they were given, with a warning.
            """,
        examples:
            "compare xverse.gguf xverse-Q4_K_M.gguf",
        "compare XVERSE-MoE-A4.2B-Chat xverse-Q4_K_M.gguf --limit 5")

    @Argument(help: "The original: a checkpoint directory or a GGUF file.")
    var original: InputPath

    @Argument(help: "The quantized GGUF file.")
    var quantized: InputPath

    @Option(help: "An importance matrix, for importance-weighted figures.")
    var imatrix: InputPath?

    @Option(help: "Fail, with exit code 5, if a tensor's relative RMSE is above this.")
    var maxRmse: Double?

    @Option(help: "The most tensors to list.")
    var limit = 20

    @Flag(help: "List each expert's matrix by itself.")
    var experts = false

    @Flag(help: "Show how the errors are distributed.")
    var histogram = false

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be at least 1") }
        guard maxRmse.map({ $0 >= 0 }) ?? true else { throw ValidationError("--max-rmse must not be negative") }
        guard reading.padExperts == .auto else {
            throw ValidationError(
                "--pad-experts: experts are compared as they are stored, without what pads them in either model")
        }
    }

    func run() throws {
        let named = try [
            reading.open(original.path, expertPadding: .off),
            Model.open(quantized.path, expertNormalization: reading.normalizeExperts),
        ].calledAsGiven
        let (source, result) = (named[0], named[1])
        ProgressLine.say(result.notes)
        let comparison = WeightComparison(importancePath: imatrix?.path, compute: work.compute)
        let tensors = try comparison.run(original: source, quantized: result)
        ProgressLine.clear()
        let report = WeightReport(tensors, hasImportance: imatrix != nil)
        if terminal.json {
            let manifest = Manifest(
                [try InputRecord("original", source), try InputRecord("model", result)]
                    + (try [imatrix].compactMap { $0?.path }.map { try InputRecord("importance", file: $0) }))
            try JSONOutput.print(WeightErrorReport(tensors, hasImportance: imatrix != nil, manifest))
        } else {
            for warning in report.warnings { ProgressLine.handler(.warning(Message(warning))) }
            var parts = [report.worst(limit: limit, byExpert: experts).terminal, report.byRole.terminal]
            if histogram { parts.append(report.histogram.terminal) }
            try StandardStream.output.write(parts.joined(separator: "\n\n") + "\n")
        }
        guard let maxRmse, let worst = tensors.max(by: { $0.total.relativeRMSE < $1.total.relativeRMSE }),
            !(worst.total.relativeRMSE <= maxRmse)
        else { return }
        throw CheckFailure(
            file: quantized.path, place: worst.name,
            problem: "relative RMSE \(Figures.decimal(worst.total.relativeRMSE, 6)) is above \(maxRmse)")
    }
}

/// A check that the user asked for did not hold.
struct CheckFailure: DiagnosticError {
    let file: String
    let place: String
    let problem: String

    var diagnostic: Diagnostic { Diagnostic(.check, file: file, place: place, problem) }
}
