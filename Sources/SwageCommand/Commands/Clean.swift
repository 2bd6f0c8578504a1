import ArgumentParser
import Files
import Pipelines
import Reporting

struct Clean: SwageSubcommand {
    static let configuration = CommandConfiguration(
        abstract: "Removes what a run that ended early has left beside its output.",
        discussion: "The output itself stays, and so do complete parts of a split model.",
        examples:
            "clean xverse-Q4_K_M.gguf --dry-run",
        "clean xverse-Q4_K_M.gguf")

    @Argument(help: "The output of the run, or the name of its parts without their numbers; it need not be there.")
    var output: OutputPath

    @Flag(help: "Print what would be removed; remove nothing.")
    var dryRun = false

    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() throws {
        let found = try dryRun ? Cleaning.leftovers(of: output.path) : Cleaning.run(output.path)
        if terminal.json { return try JSONOutput.print(Summary(dryRun: dryRun, removed: found.map(Summary.Item.init))) }
        if found.isEmpty { return StandardStream.error.write("nothing is left of runs that wrote \(output.path)\n") }
        for item in found {
            try StandardStream.output.write("\(item.path)  \(Figures.bytes(item.byteCount))\n")
        }
    }
}

extension Clean {
    /// What `clean --json` prints.
    private struct Summary: Encodable {
        let dryRun: Bool
        let removed: [Item]

        struct Item: Encodable {
            let path: String
            let bytes: Int

            init(_ item: Leftover) { (path, bytes) = (item.path, item.byteCount) }
        }
    }
}
