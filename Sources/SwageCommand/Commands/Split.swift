import ArgumentParser
import GGUF
import Pipelines

/// Options of every command that can write a model in parts.
struct SplitOptions: ParsableArguments {
    @Option(
        name: [.customLong("split-max-size"), .customLong("max-size")],
        help: "The most bytes per part, such as 8G or 500M (of 1000).")
    var maximumSize: ByteSize?

    @Option(name: [.customLong("split-max-tensors"), .customLong("max-tensors")], help: "The most tensors per part.")
    var maximumTensorCount: Int?

    func validate() throws {
        if maximumSize != nil, maximumTensorCount != nil {
            throw ValidationError("give a size or a number of tensors, not both")
        }
        if let maximumTensorCount, maximumTensorCount < 1 {
            throw ValidationError("a part needs at least 1 tensor")
        }
    }

    /// What was asked for; nil means one file.
    var limits: GGUFSplitLimits? {
        maximumSize.map { .byteCount($0.byteCount) } ?? maximumTensorCount.map { .tensorCount($0) }
    }
}

struct Split: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Cuts a GGUF file into parts, as llama-gguf-split does.",
        usage: """
            swage split <file> -o <prefix> --split-max-size <size> [<options>]
            swage split <file> -o <prefix> --split-max-tensors <count> [<options>]
            """,
        examples:
            "split xverse.gguf --max-size 8GB -o parts/xverse")

    @Argument(help: "A GGUF file.")
    var file: InputPath

    @Option(name: .shortAndLong, help: "The parts' path, less '-00001-of-00003.gguf'.")
    var output: OutputPath

    @OptionGroup(title: "Parts") var split: SplitOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard split.limits != nil else { throw ValidationError("give --max-size or --max-tensors") }
    }

    func run() throws {
        guard let limits = split.limits else { return }
        var splitting = Splitting(limits: limits)
        splitting.replacesParts = replacing.replacesOutputs
        let paths = try splitting.run(file.path, prefix: output.path, progress: ProgressLine.handler)
        ProgressLine.clear()
        EndNote.wrote(paths)
        for path in paths { try StandardStream.output.write("\(path)\n") }
    }
}

struct Merge: WritingCommand {
    static let configuration = CommandConfiguration(
        abstract: "Joins the parts of a split model into one GGUF file.",
        usage: "swage merge <part> -o <file> [<options>]",
        examples:
            "merge parts/xverse-00001-of-00003.gguf -o xverse.gguf")

    @Argument(help: "Any part of the model.")
    var part: InputPath

    @Option(name: .shortAndLong, help: "The GGUF file to write.")
    var output: OutputPath

    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() throws {
        try Merging().run(part.path, output: output.path, progress: ProgressLine.handler)
        ProgressLine.clear()
        try StandardStream.output.write("\(output.path)\n")
    }
}
