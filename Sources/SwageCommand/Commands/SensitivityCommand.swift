import ArgumentParser
import Calibration
import Evaluation
import Files
import Pipelines
import Recipes

struct SensitivityCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "sensitivity",
        abstract: "Measures what each type would cost in each matrix, for swage quantize --fit, --size and --bpw.",
        examples:
            "sensitivity xverse.gguf --text texts.txt -o sensitivity.json")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(name: .customLong("text"), parsing: .upToNextOption, help: "Texts, plain or .zst.")
    var texts: [InputPath]

    @Option(name: .shortAndLong, help: "The JSON file to write.")
    var output: OutputPath

    @Option(help: "Windows at the end of each text that predictions are compared on.")
    var heldOut = 1

    @OptionGroup(title: "Windows of text") var windows: WindowOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Work") var work: WorkOptions
    @OptionGroup(title: "Unfinished work") var resuming: ResumeOptions
    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard !texts.isEmpty else { throw ValidationError("name at least one text with --text FILE") }
        guard heldOut >= 1 else { throw ValidationError("--held-out must be at least 1") }
    }

    func run() throws {
        let model = try reading.open(model.path)
        try tell(of: try probing().run(model, output: output.path))
    }

    /// What is measured, and how.
    func probing() throws -> SensitivityProbing {
        let texts = CalibrationTexts(
            try texts.map { try EvaluationText(contentsOf: $0.path) }, cut: windows.cut, heldOutCount: heldOut)
        var probing = SensitivityProbing(texts, compute: work.compute)
        probing.isRestarting = resuming.isRestarting
        return probing
    }

    /// Says what was written.
    func tell(of sensitivity: Sensitivity) throws {
        ProgressLine.clear()
        if terminal.json { return try JSONOutput.print(["tensors": sensitivity.matrices.count]) }
        try StandardStream.output.write("\(output.path): \(sensitivity.matrices.count) tensors\n")
    }
}
