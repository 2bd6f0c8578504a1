import ArgumentParser
import BlockFormats
import Pipelines
import Recipes
import Reporting

struct Types: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Lists the types that quantize knows, and what each needs.",
        usage: "swage types [<model>] [<options>]",
        discussion: """
            A mix gives most matrices its base type, and those that matter more a finer one. Of a model its size in every \
            type is shown, from its header alone; swage fit adds what a device must hold.
            """,
        examples: "types", "types XVERSE-MoE-A4.2B-Chat")

    @Argument(help: "A checkpoint directory or a GGUF file.")
    var model: InputPath?

    @OptionGroup(title: "Reading the model") var reading: ModelOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func validate() throws { try reading.demand(model?.path) }

    func run() throws {
        let listing = try TypeListing(model.map { try SizeSurvey(reading.open($0.path)) })
        if terminal.json { return try JSONOutput.print(listing) }
        try StandardStream.output.write(listing.text)
    }
}
