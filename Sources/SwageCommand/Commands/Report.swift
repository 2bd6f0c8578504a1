import ArgumentParser
import Evaluation
import Files
import Models
import Pipelines
import Reporting

struct Report: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures several models on several texts: perplexity, and how far they are from the original.",
        discussion: """
            One row per text, one column per model, the original first. Models with the original's tokens are compared with \
            it in the same run: KL divergence, and how often both find the same token most probable. Of models with another \
            tokenizer only figures per character and per byte are comparable.
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

    @Option(name: .shortAndLong, help: "The file to write, .md or .json. Default: Markdown on standard output.")
    var output: OutputPath?

    @Flag(help: "Print one JSON object.")
    var json = false

    @OptionGroup(title: "Windows of text") var windows: WindowOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ComputeOptions
    @OptionGroup(title: "Unfinished work") var resuming: ResumeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

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
        if let output = output?.path {
            guard output.hasSuffix(".md") || output.hasSuffix(".json") else {
                throw ValidationError("--output must end in .md or .json")
            }
            guard !json else { throw ValidationError("--json belongs to standard output; name the file .json") }
        }
    }

    func run() throws {
        let output = output?.path
        if let output { try AtomicFile.check(output) }
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path, name: $0.name) }
        let first = models.firstIndex { $0.name == reference } ?? 0
        let ordered = [models[first]] + models[..<first] + models[(first + 1)...]
        let opened = try ordered.map { try reading.open($0.path) }
        var comparison = ModelComparison(cut: windows.cut, compute: work.compute, output: output)
        comparison.isRestarting = resuming.isRestarting
        try comparison.run(opened, texts: texts) { results in
            let columns = try zip(ordered, zip(opened, results)).map { named, measured in
                try ModelReport.Model(name: named.name, measured.0, comparedWith: opened[0], results: measured.1)
            }
            ProgressLine.clear()
            try write(report(on: texts, columns), to: output)
        }
    }

    private func report(on texts: [EvaluationText], _ columns: [ModelReport.Model]) -> ModelReport {
        let all = texts.count > 1 ? [ModelReport.Group(name: "average", texts: texts.map(\.name), columns)] : []
        return ModelReport(
            context: windows.context, texts: texts.map { ModelReport.Text($0) }, models: columns,
            groups: all + groups.map { ModelReport.Group(name: $0.name, texts: members(of: $0), columns) })
    }

    private func write(_ report: ModelReport, to output: String?) throws {
        guard let output else {
            return try json
                ? JSONOutput.print(report) : StandardStream.output.write(ReportTables.markdown(of: report) + "\n")
        }
        var file = try AtomicFile(path: output)
        try file.append(
            output.hasSuffix(".json")
                ? JSONOutput.bytes(of: report) : Array("\(ReportTables.markdown(of: report).text)\n".utf8))
        try file.commit()
        try StandardStream.output.write("\(output): \(models.count) models on \(texts.count) texts\n")
    }

    private func members(of group: NamedTexts) -> [String] { group.texts.split(separator: ",").map(String.init) }
}
