import ArgumentParser
import Evaluation
import Manifests
import Models
import Pipelines
import Reporting

struct Evaluate: WritingCommand {
    static let jsonTellsOutputs = false

    static let configuration = CommandConfiguration(
        abstract: "Lets a model answer multiple-choice questions by the choices' log-likelihoods.",
        discussion: """
            A task is a file of JSON lines of one form: {"prompt", "choices", "answer"}, where a choice follows the prompt \
            just as both are written and the answer is a number from 0 or a letter; {"prompts", "continuation", "answer"}; \
            or the lines of MMLU, HellaSwag and WinoGrande, with the prompts of lm-evaluation-harness. \
            The files that llama-perplexity reads for HellaSwag, WinoGrande and multiple choice are read too.

            acc is the share of right answers by log-likelihood, acc_norm by log-likelihood per character of the choice, \
            acc_bytes per byte, each with its standard error.
            """,
        examples:
            "evaluate xverse-Q4_K_M.gguf --task questions.jsonl",
        "evaluate xverse-Q4_K_M.gguf --reference xverse.gguf --task arc.jsonl")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(
        name: .customLong("task"), parsing: .upToNextOption,
        help: ArgumentHelp("Files of questions, .jsonl or llama-perplexity's, also .zst.", valueName: "file"))
    var tasks: [InputPath]

    @Option(help: "Another model, such as the original: tells how often both choose the same.")
    var reference: InputPath?

    @Option(help: "The most questions taken from each file. Default: all.")
    var limit: Int?

    @Option(help: ArgumentHelp("Write every question's figures to this file, a JSON line each.", valueName: "file"))
    var details: OutputPath?

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ComputeOptions
    @OptionGroup(title: "Unfinished work") var resuming: ResumeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard !tasks.isEmpty else { throw ValidationError("name at least one file of questions with --task FILE") }
        guard details != nil || !resuming.isRestarting else {
            throw ValidationError("--restart belongs to --details, beside which work is kept")
        }
        guard limit ?? 1 >= 1 else { throw ValidationError("--limit must be at least 1") }
    }

    func run() throws {
        let tasks = try tasks.map { try EvaluationTask(contentsOf: $0.path, limit: limit) }
        let named = try [model, reference].compactMap { $0?.path }.map { try reading.open($0) }.calledAsGiven
        let (model, original) = (named[0], named.count > 1 ? named[1] : nil)
        var evaluation = TaskEvaluation(compute: work.compute, detailsPath: details?.path)
        evaluation.isRestarting = resuming.isRestarting
        let results = try evaluation.run(model, reference: original, tasks: tasks)
        ProgressLine.clear()
        let report = TaskReport(
            model: model.name, results: results.model, reference: original?.name, references: results.reference,
            precision: work.precision,
            manifest: terminal.json
                ? try Manifest(models: [original, model].compactMap { $0 }, tasks: tasks, questionLimit: limit) : nil)
        if terminal.json { return try JSONOutput.print(report) }
        try StandardStream.output.write(TaskTables.tables(of: report).map(\.terminal).joined(separator: "\n\n") + "\n")
    }
}
