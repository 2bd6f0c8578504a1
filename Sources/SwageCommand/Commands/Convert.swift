import ArgumentParser
import Models
import Pipelines
import Reporting
import Tensors

struct Convert: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Writes a checkpoint as a GGUF file that llama.cpp runs.",
        examples:
            "convert XVERSE-MoE-A4.2B-Chat -o xverse.gguf",
        "convert XVERSE-MoE-A4.2B-Chat --type q8_0 --max-size 8GB -o q8.gguf")

    @Argument(help: "A HuggingFace checkpoint directory, or a GGUF file.")
    var checkpoint: InputPath

    @Option(name: .shortAndLong, help: "The GGUF file to write.")
    var output: OutputPath

    @Option(help: "The type of the matrices: auto (as stored), f32, f16, bf16 or q8_0.")
    var type: Conversion.Target = .auto

    @Option(help: "What the file calls the model. Default: what its card or its directory calls it.")
    var name: String?

    @Option(
        help: ArgumentHelp(
            "The chat template to write: \(ChatTemplateChoice.names), a Jinja file, or none.",
            discussion: "Default: the checkpoint's own; of a chat model of XVERSE without one, its family's.",
            valueName: "name or file"))
    var chatTemplate: InputPath?

    @Option(help: "A JSON object of metadata keys and values to set in the file; null leaves a key out.")
    var metadata: InputPath?

    @Flag(help: "Write the vocabulary and the metadata only.")
    var vocabOnly = false

    @Flag(help: "Print every tensor's type and size; write nothing.")
    var dryRun = false

    @Flag(help: "Read all of what was written again and compare it with the checkpoint, not a sample of it.")
    var verify = false

    @OptionGroup(title: "Parts") var split: SplitOptions
    @OptionGroup(title: "Unfinished work") var resume: ResumeOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: ThreadOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    var writesNothing: Bool { dryRun }
    var sparedOutputs: [String] { split.limits == nil ? [] : [output.path] }

    func run() throws {
        let model = try reading.open(checkpoint.path, readsWeights: !vocabOnly)
        let conversion = try conversion()
        if dryRun {
            _ = try conversion.metadata(of: model, progress: ProgressLine.handler)
            if terminal.json {
                return try JSONOutput.print(
                    ConversionPlan(try conversion.plan(model), of: model, try conversion.duration(model)))
            }
            try StandardStream.output.write(Self.listing(of: try conversion.plan(model), model))
            return StandardStream.error.write(Figures.estimate(try conversion.duration(model)))
        }
        try show(try conversion.run(model, output: output.path, progress: ProgressLine.handler), of: model)
    }

    /// What is asked for.
    func conversion() throws -> Conversion {
        var conversion = Conversion(target: type, name: name, parallel: work.compute.parallel)
        conversion.isVocabularyOnly = vocabOnly
        conversion.splitLimits = split.limits
        conversion.replacesParts = replacing.replacesOutputs
        conversion.isRestarting = resume.isRestarting
        conversion.verification = verify ? .all : .sample
        conversion.metadataFile = try metadata.map { try MetadataFile(contentsOf: $0.path) }
        conversion.chatTemplate = chatTemplate.map { .init($0.path) }
        return conversion
    }

    /// Says what was written.
    func show(_ outcome: Conversion.Outcome, of model: Model) throws {
        ProgressLine.clear()
        EndNote.wrote(outcome.paths)
        if terminal.json { return try JSONOutput.print(WritingSummary(outcome, of: model)) }
        try StandardStream.output.write("\(outcome.summary)\n")
    }
}

extension Convert {
    private static func listing(of tensors: [TensorDescriptor], _ model: Model) -> DisplayText {
        var table = Table([
            .init("tensor"), .init("shape", .right), .init("from"), .init("to"), .init("bytes", .right),
        ])
        for (stored, target) in zip(model.tensors.tensors, tensors) {
            table.append([
                target.name, target.shape.description, stored.type.name, target.type.name, String(target.byteCount),
            ])
        }
        let byteCount = tensors.reduce(0) { $0 + $1.byteCount }
        return "\(table.terminal)\n\n\(byteCount) bytes of tensor data\n"
    }
}

extension Conversion.Target: ExpressibleByArgument {
    /// The target that an argument names, in any case; nil if there is none of the name.
    ///
    /// - Parameter argument: A target's name.
    public init?(argument: String) { self.init(rawValue: argument.lowercased()) }
}

extension Conversion.Outcome {
    /// Count, size and bits per weight, for one line.
    var summary: String {
        let files = paths.count == 1 ? paths[0] : "\(paths[0]) and \(paths.count - 1) more"
        return
            "\(files): \(tensorCount) tensors, \(Figures.bytes(fileByteCount)), \(Figures.decimal(bitsPerWeight, 3)) bits per weight"
    }
}
