import ArgumentParser
import Models
import Pipelines

/// The command line.
public enum SwageCommand {
    static let commands: [any ParsableCommand.Type] = [
        Convert.self, ImportanceMatrixCommand.self, SensitivityCommand.self, Quantize.self, PerplexityCommand.self,
        Evaluate.self, Compare.self, Report.self, Generate.self, Chat.self, Tokenize.self, Inspect.self, Split.self,
        Merge.self,
    ]

    /// Parses the process's arguments, runs the command and exits.
    public static func main() -> Never {
        StandardStream.reserve()
        Interruption.install()
        do {
            var command = try Swage.parseAsRoot()
            try command.run()
        } catch {
            Failure.exit(with: error)
        }
        ExitStatus.done.exit()
    }
}

/// The root command.
struct Swage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "swage",
        abstract: "Converts mixture-of-experts checkpoints to GGUF, quantizes them, and measures what that costs.",
        version: SwageVersion.current,
        subcommands: SwageCommand.commands)
}
