import ArgumentParser
import Pipelines

struct Chat: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Talks with a model, turn by turn.",
        discussion: """
            Reads turns from standard input, one per line; a line that ends in a backslash goes on in the next one. Ctrl-C ends \
            an answer, or the program while it waits for a turn, as Ctrl-D does. On a terminal the arrows go through the line \
            and the turns before, where the system has libedit; what is typed during an answer waits for its end. When the \
            context is full the oldest turns are left out. With --json every answer is an object on a line of its own.

            \(ChatInput.help)
            """,
        examples:
            "chat xverse-Q4_K_M.gguf",
        "chat xverse-Q4_K_M.gguf --system \"Answer in one sentence.\" --seed 1")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(help: "What the model is told before everything else.")
    var system: String?

    @Option(
        help: ArgumentHelp(
            "What turns look like: checkpoint (the model's own template), \(ChatTemplateChoice.names), or a Jinja file.",
            discussion: "Default: the model's own, or ChatML if the model has none but the tokens of ChatML.",
            valueName: "name or file"))
    var template: InputPath?

    @Option(help: "A JSON file with an array of functions' schemas, for templates that write tools.")
    var tools: InputPath?

    @Option(help: "A JSON file with an array of documents, for templates that write documents.")
    var documents: InputPath?

    @Option(help: "The most tokens of an answer. Default: as many as the context has room for.")
    var maxNewTokens: Int?

    @Option(help: "The most tokens of the conversation. Default: 4096, or the model's context if that is smaller.")
    var context: Int?

    @OptionGroup(title: "Choosing tokens") var sampling: SamplingArguments
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Work") var choice: PrecisionOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    /// The model cards' setting for conversations.
    private static let usualTemperature = 0.7

    func validate() throws {
        if let maxNewTokens, maxNewTokens < 1 { throw ValidationError("--max-new-tokens must be at least 1") }
    }

    func run() throws {
        let model = try reading.open(model.path)
        var options = sampling.options(usualTemperature: Self.usualTemperature)
        options.maximumTokenCount = maxNewTokens
        options.contextLength = context
        let format = try ConversationFormat(
            model, source: template.map { .init($0.path) },
            material: ConversationMaterial(toolFile: tools?.path, documentFile: documents?.path))
        let conversation = try Conversation(
            model, format: format, system: system, options: options, compute: choice.applied(to: work.compute))
        var input = ChatInput()
        while let entry = try input.next() {
            switch entry {
            case .exit: return
            case .reset: conversation.reset()
            case .system(let text): conversation.system = text
            case .help: StandardStream.error.write("\(ChatInput.help)\n")
            case .unknown(let name):
                StandardStream.error.write("there is no command \(name); /help lists them\n")
            case .turn(let text): try input.apart { try answer(text, conversation) }
            }
        }
    }

    /// Writes the answer to a turn, or what is wrong with the turn.
    private func answer(_ text: String, _ conversation: Conversation) throws {
        var written: [UInt8] = []
        do {
            let answer = try Interruption.ending { isInterrupted in
                try conversation.answer(
                    text, isInterrupted: isInterrupted, onNotice: { ProgressLine.handler(.warning($0)) },
                    onText: {
                        if terminal.json { written += $0 }
                        try StandardStream.output.write(modelText: $0)
                    })
            }
            if terminal.json { try JSONOutput.printLine(AnswerReport(text, written, answer)) }
            try StandardStream.output.write("\n")
            PaceNote.write(answer.pace)
            if answer.finish == .context { ProgressLine.handler(.warning("the answer ends here: the context is full")) }
        } catch let error as OutputFailure {
            throw error
        } catch {
            Failure.report(error)
        }
    }
}
