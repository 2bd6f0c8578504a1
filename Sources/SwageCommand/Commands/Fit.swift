import ArgumentParser
import ModelArchitecture
import Models
import Pipelines
import Recipes

struct Fit: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Shows how large a model is in every type, and which devices hold it.",
        usage: "swage fit <model> [--memory <size>] [<options>]",
        discussion: """
            Reads headers only: no weights, no texts. What a device must hold is what llama.cpp keeps there: weights, the \
            cache of keys and values, working memory, and a reserve for the driver.
            """,
        examples:
            "fit XVERSE-MoE-A4.2B-Chat --memory 24GiB --context 4096",
        "fit xverse.gguf --memory 8GiB --ram 32GiB")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath

    @Option(help: ArgumentHelp("The memory of your device, such as 24GiB.", valueName: "size"))
    var memory: ByteSize?

    @Option(
        help: ArgumentHelp(
            "Memory beside the device, for the experts of layers that it cannot hold.", valueName: "size"))
    var ram: ByteSize?

    @OptionGroup(title: "The device") var use: DeviceOptions
    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws {
        guard ram == nil || memory != nil else {
            throw ValidationError("--ram is beside a device: name its --memory too")
        }
    }

    func run() throws {
        let model = try reading.open(model.path)
        let device = use.device(byteCount: memory?.byteCount ?? 0, for: model)
        try device.check(model.plan)
        let report = FitReport(
            model, try SizeSurvey(model), device: device, hasDevice: memory != nil,
            processorByteCount: ram?.byteCount ?? 0)
        if terminal.json { return try JSONOutput.print(report.json) }
        try StandardStream.output.write(report.text)
    }
}
