import ArgumentParser
import Parts
import Pipelines

struct FinishCommand: WritingCommand {
    static let configuration = CommandConfiguration(
        commandName: "finish",
        abstract: "Joins the parts of a plan to what one run of its command would have made.",
        discussion: """
            Every part is read and checked first. Then the command's outputs are written and its results printed, as it would \
            have done by itself.
            """,
        examples: "finish plan.json", "finish plan.json --keep-parts")

    @Argument(help: "A plan, of swage plan.")
    var plan: InputPath

    @Flag(help: "Leave a model in as many files as there are parts, which get the output's name: nothing is copied.")
    var keepParts = false

    @Flag(help: "Remove the parts when all is written.")
    var remove = false

    @OptionGroup(title: "Output") var replacing: ReplaceOptions
    @OptionGroup(title: "Output") var terminal: TerminalOptions

    func run() throws {
        let options = (terminal.json ? ["--json"] : []) + (replacing.replacesOutputs ? ["--overwrite"] : [])
        let opened = try OpenedPlan(plan.path, adding: options)
        let command = opened.job.command
        if !keepParts { try Replacement.check(opened.job.files, of: command) }
        JSONOutput.begin(
            command, opened.job.files, EndNote(opened.job.files), within: terminal.json ? Self.jsonSchema : nil)
        try finish(command, opened)
        EndNote.wrote(opened.job.files.outputs)
        if remove { opened.folder.remove() }
    }

    private func finish<Command: PartedCommand>(_ command: Command, _ opened: OpenedPlan) throws {
        let work = try command.parted()
        try command.finish(work, try opened.running(work).collect(), keepsParts: keepParts)
    }
}
