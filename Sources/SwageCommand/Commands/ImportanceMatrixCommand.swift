import ArgumentParser
import Calibration
import Evaluation
import FoundationEssentials
import Importance
import Models
import Pipelines

struct ImportanceMatrixCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "imatrix",
        abstract: "Collects, merges, converts and shows importance matrices; collects second moments.",
        usage: """
            swage imatrix MODEL --text FILE… -o OUT [--format gguf|dat]
            swage imatrix MODEL --text FILE… --hessian OUT [-o OUT]
            swage imatrix --merge FILE… -o OUT [--format gguf|dat]
            swage imatrix --show FILE [--experts]
            """,
        examples:
            "imatrix xverse.gguf --text texts.txt -o imatrix.gguf",
        "imatrix --show imatrix.gguf",
        "imatrix --merge a.gguf b.gguf -o both.gguf")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath?

    @Option(name: .customLong("text"), parsing: .upToNextOption, help: "Calibration texts, plain or .zst.")
    var texts: [InputPath] = []

    @Option(
        parsing: .upToNextOption,
        help: "Importance matrices to add up, as if one run had read all their texts; a single one is converted.")
    var merge: [InputPath] = []

    @Option(help: "An importance matrix to show, tensor by tensor.")
    var show: InputPath?

    @Option(name: .shortAndLong, help: "The importance matrix to write.")
    var output: OutputPath?

    @Option(
        help: ArgumentHelp(
            "The file of second moments to write, for swage quantize --hessian; with --output or instead of it.",
            valueName: "file"))
    var hessian: OutputPath?

    @Option(help: "llama.cpp's GGUF form, or its older .dat form, which loses the experts' counts.")
    var format: ImportanceFormat = .gguf

    @Flag(help: "Collect the inputs of the output matrix too.")
    var processOutput = false

    @Flag(help: "With --show: each expert by itself.")
    var experts = false

    @OptionGroup(title: "Windows of text") var windows: WindowOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ComputeOptions
    @OptionGroup(title: "Unfinished work") var resuming: ResumeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        let modes = [model != nil, !merge.isEmpty, show != nil].count { $0 }
        guard modes == 1 else { throw ValidationError("give a model, --merge FILE… or --show FILE") }
        if model != nil, texts.isEmpty { throw ValidationError("name at least one text with --text FILE") }
        if model == nil, hessian != nil { throw ValidationError("--hessian belongs to a model and its texts") }
        try reading.demand(model?.path)
        if show == nil, output == nil, hessian == nil {
            throw ValidationError("name the file to write with --output FILE")
        }
        if let output = output?.path, let hessian = hessian?.path,
            URL(filePath: output).standardized == URL(filePath: hessian).standardized
        {
            throw ValidationError("--output and --hessian must be different files")
        }
        if model == nil, resuming.isRestarting { throw ValidationError("--restart belongs to a model and its texts") }
        if hessian != nil, work.precision != .reference {
            throw ValidationError("--hessian is collected with --precision reference")
        }
        if show == nil, experts { throw ValidationError("--experts belongs to --show") }
    }

    func run() throws {
        if let show { return try ImportanceListing(path: show.path).write(byExpert: experts, json: terminal.json) }
        try tell(of: try merge.isEmpty ? collect() : merged(into: output?.path ?? ""))
    }

    /// Says what was written.
    func tell(of matrix: ImportanceMatrix) throws {
        ProgressLine.clear()
        for warning in matrix.warnings { ProgressLine.handler(.warning(warning)) }
        if terminal.json {
            return try JSONOutput.print(
                CollectionSummary(
                    tensors: matrix.entries.count, windows: matrix.chunkCount, windowTokens: matrix.chunkSize))
        }
        for file in [output, hessian].compactMap({ $0?.path }) {
            try StandardStream.output.write(
                "\(file): \(matrix.entries.count) tensors from \(matrix.chunkCount) windows of \(matrix.chunkSize) tokens\n"
            )
        }
    }

    private func collect() throws -> ImportanceMatrix {
        let (model, texts) = try inputs()
        if let hessian = hessian?.path {
            return try hessianCollection.run(
                model, texts: texts, output: hessian, importanceOutput: output?.path, progress: work.compute.progress)
        }
        return try collection.run(model, texts: texts, output: output?.path ?? "", progress: work.compute.progress)
    }

    /// The model and the texts.
    func inputs() throws -> (model: Model, texts: [EvaluationText]) {
        let texts = try texts.map { try EvaluationText(contentsOf: $0.path) }
        return (try reading.open(model?.path ?? ""), texts)
    }

    /// How second moments are collected.
    var hessianCollection: HessianCollection {
        var collection = HessianCollection(
            ActivationCollection(cut: windows.cut, includesOutput: processOutput), form: format.form,
            parallel: work.compute.parallel, memory: work.compute.memory)
        collection.isRestarting = resuming.isRestarting
        return collection
    }

    /// What is collected, and how.
    var collection: ImportanceCollection {
        var collection = ImportanceCollection(
            ActivationCollection(cut: windows.cut, includesOutput: processOutput), form: format.form,
            parallel: work.compute.parallel, memory: work.compute.memory, precision: work.precision)
        collection.isRestarting = resuming.isRestarting
        return collection
    }

    private func merged(into output: String) throws -> ImportanceMatrix {
        try ImportanceMerging(form: format.form).run(merge.map(\.path), output: output, progress: ProgressLine.handler)
    }
}

/// What `imatrix --json` prints of what it has written.
private struct CollectionSummary: Encodable {
    let tensors: Int
    let windows: Int
    /// 0 if not known.
    let windowTokens: Int
}

/// The names of the forms of importance matrix files.
enum ImportanceFormat: String, CaseIterable, ExpressibleByArgument {
    case gguf, dat

    var form: ImportanceMatrix.Form {
        switch self {
        case .gguf: .gguf
        case .dat: .legacy
        }
    }
}
