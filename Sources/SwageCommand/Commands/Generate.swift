import ArgumentParser
import Evaluation
import Pipelines

struct Generate: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Continues a prompt.",
        discussion: """
            The text ends where the model ends it, before a --stop string, after --max-new-tokens, or when the context is \
            full. Without --temperature every token is the most probable one.
            """,
        examples:
            "generate xverse-Q4_K_M.gguf --prompt \"The capital of France is\"",
        "generate xverse-Q4_K_M.gguf --file prompt.txt --temperature 0.7")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(help: "The text to continue.")
    var prompt: String?

    @Option(help: "A UTF-8 file to continue, less the end of its last line; - is standard input.")
    var file: InputPath?

    @Option(help: "The most tokens to add.")
    var maxNewTokens = 64

    @Option(help: "The most tokens of prompt and text together. Default: the model's context.")
    var context: Int?

    @OptionGroup(title: "Choosing tokens") var sampling: SamplingArguments

    @Option(help: "In JSON, the so many most probable tokens at each place.")
    var topLogProbabilities = 0

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Work") var choice: PrecisionOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard [prompt, file?.path].compactMap({ $0 }).count == 1 else {
            throw ValidationError("give one of --prompt and --file")
        }
        guard maxNewTokens >= 1 else { throw ValidationError("--max-new-tokens must be at least 1") }
        guard topLogProbabilities >= 0 else { throw ValidationError("--top-log-probabilities must not be negative") }
        guard topLogProbabilities == 0 || terminal.json else {
            throw ValidationError("--top-log-probabilities is for --json")
        }
    }

    func run() throws {
        let prompt = try readPrompt()
        let model = try reading.open(model.path)
        var options = sampling.options(usualTemperature: 0)
        options.maximumTokenCount = maxNewTokens
        options.contextLength = context
        options.topCount = topLogProbabilities
        let generation = Generation(options, compute: choice.applied(to: work.compute))
        let isStreaming = !terminal.json
        let result = try generation.run(model, prompt: prompt) { bytes in
            if isStreaming { try StandardStream.output.write(modelText: bytes) }
        }
        if isStreaming { try StandardStream.output.write("\n") }
        if result.finish == .context {
            let count = result.prompt.count + result.tokens.count
            ProgressLine.handler(
                .warning("the text ends after \(result.tokens.count) tokens: the context of \(count) is full"))
        }
        if terminal.json {
            return try JSONOutput.print(GenerationReport(result, options, tellsPace: terminal.verbosity == .verbose))
        }
        PaceNote.write(result.pace)
    }

    private func readPrompt() throws -> [UInt8] {
        guard let file = file?.path else { return Array((prompt ?? "").utf8) }
        var bytes = file == "-" ? try StandardInput.text() : try EvaluationText(contentsOf: file, limit: .prompt).bytes
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return bytes
    }
}
