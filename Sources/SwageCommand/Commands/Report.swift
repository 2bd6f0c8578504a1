import ArgumentParser
import Evaluation
import Files
import Models
import Pages
import Pipelines
import Reporting

struct Report: WritingCommand {
    static let jsonVersion = ModelReport.currentVersion

    static let configuration = CommandConfiguration(
        abstract: "Measures several models on several texts: perplexity, and how far they are from the original.",
        discussion: """
            One row per text, one column per model, the original first. Models with the original's tokens are compared with \
            it in the same run: KL divergence, and how often both find the same token most probable. Of models with another \
            tokenizer only figures per character and per byte are comparable.

            A folder gets report.html, report.md, report.json and report.csv, with --card also what a repository of the \
            files needs. The page needs no network and no other files.
            """,
        examples:
            "report --model BF16=xverse.gguf --model Q4=q4.gguf --text wiki=wiki.txt")

    @Option(
        name: .customLong("model"),
        help: ArgumentHelp("A model and what to call it. May be repeated.", valueName: "name=model"))
    var models: [NamedInput]

    @Option(
        name: .customLong("text"),
        help: ArgumentHelp("A text and what to call it. May be repeated.", valueName: "name=file"))
    var texts: [NamedInput]

    @Option(
        name: .customLong("group"),
        help: ArgumentHelp("Texts to average, and what to call them. May be repeated.", valueName: "name=text,text"))
    var groups: [NamedTexts] = []

    @Option(help: "The model that the others are compared with. Default: the first.")
    var reference: String?

    @Option(
        name: .customLong("task"), parsing: .upToNextOption,
        help: ArgumentHelp("Files of questions that models answer, as evaluate has them.", valueName: "file"))
    var tasks: [InputPath] = []

    @Option(help: "The most questions taken from each task. Default: all.")
    var limit: Int?

    @Flag(help: "Compare the weights of all models with the reference's, tensor by tensor.")
    var weights = false

    @Option(
        name: .shortAndLong,
        help: "The file to write, .html, .md, .json or .csv, or a folder for all. Default: Markdown on standard output."
    )
    var output: ReportOutput?

    @Flag(help: "Write README.md, a model card for HuggingFace, and a Modelfile for ollama too; needs a folder.")
    var card = false

    @OptionGroup(title: "The card") var cards: CardOptions
    @OptionGroup(title: "Windows of text") var windows: WindowOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ComputeOptions
    @OptionGroup(title: "Unfinished work") var resuming: ResumeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    var sparedOutputs: [String] { output.map { card ? [] : $0.cardPaths } ?? [] }

    func validate() throws {
        guard !models.isEmpty else { throw ValidationError("name at least one model with --model NAME=MODEL") }
        guard !texts.isEmpty else { throw ValidationError("name at least one text with --text NAME=FILE") }
        for (option, names) in [
            ("--model", models.map(\.name)), ("--text", texts.map(\.name)), ("--group", groups.map(\.name)),
        ] {
            var seen: Set<String> = []
            if let twice = names.first(where: { !seen.insert($0).inserted }) {
                throw ValidationError("\(option) has the name \(twice) twice")
            }
        }
        guard output != nil || !resuming.isRestarting else {
            throw ValidationError("--restart belongs to --output, beside which work is kept")
        }
        if let reference, !models.map(\.name).contains(reference) {
            throw ValidationError("--reference \(reference) is none of the models")
        }
        for group in groups {
            if let unknown = members(of: group).first(where: { !texts.map(\.name).contains($0) }) {
                throw ValidationError("--group \(group.name): \(unknown) is none of the texts")
            }
        }
        guard limit ?? 1 >= 1 else { throw ValidationError("--limit must be at least 1") }
        guard limit == nil || !tasks.isEmpty else { throw ValidationError("--limit belongs to --task") }
        guard !card || output.map({ $0.kind == nil }) ?? false else {
            throw ValidationError("--card needs a folder as --output")
        }
        guard card || !cards.isAny else {
            throw ValidationError(
                "--base-model, --repository, --weights-license and --quantized-by belong to --card")
        }
        guard !weights || models.count > 1 else { throw ValidationError("--weights needs two models or more") }
    }

    func run() throws {
        if let output { try ReportDocuments.prepare(output, hasCard: card) }
        let inputs = try inputs()
        try inputs.making.run(inputs.models, texts: inputs.texts) { try show($0, of: inputs) }
    }

    /// What is measured and how, opened.
    struct Inputs {
        let making: ReportMaking
        /// The first is what others are compared with.
        let models: [ReportMaking.NamedModel]
        let texts: [EvaluationText]
    }

    func inputs() throws -> Inputs {
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path, name: $0.name) }
        let first = models.firstIndex { $0.name == reference } ?? 0
        let ordered = [models[first]] + models[..<first] + models[(first + 1)...]
        var making = ReportMaking()
        making.tasks = try tasks.map { try EvaluationTask(contentsOf: $0.path, limit: limit) }
        making.cut = windows.cut
        making.compute = work.compute
        making.output = output?.path
        making.isRestarting = resuming.isRestarting
        making.groups = groups.map { .init(name: $0.name, texts: members(of: $0)) }
        let opened = try ordered.map { ReportMaking.NamedModel(name: $0.name, model: try reading.open($0.path)) }
        // Weights are compared as they are stored, without what pads experts.
        if weights { making.weightOriginal = try reading.open(ordered[0].path, expertPadding: .off) }
        return Inputs(making: making, models: opened, texts: texts)
    }

    func show(_ report: ModelReport, of inputs: Inputs) throws {
        ProgressLine.clear()
        let frame = card ? ChatFrame(of: inputs.models[0].model) : nil
        try write(ReportDocuments(report: report, card: card ? cards.details : nil, frame: frame))
    }

    private func write(_ documents: ReportDocuments) throws {
        guard let output else {
            return try terminal.json
                ? JSONOutput.print(documents.report)
                : StandardStream.output.write(documents.report.markdown + "\n")
        }
        try documents.write(to: output)
        if terminal.json {
            return try JSONOutput.print(["models": models.map(\.name), "texts": texts.map(\.name)])
        }
        try StandardStream.output.write("\(output.path): \(models.count) models on \(texts.count) texts\n")
    }

    private func members(of group: NamedTexts) -> [String] { group.texts.split(separator: ",").map(String.init) }
}
